// The simulated step of all ranks, and where there is one the measured: zoom, choice, tips.

const CLOSE_FROM = 24, MOST_HIGH = 558;

/** What of the step is seen. */
class View {
  constructor(end) {
    Object.assign(this, { from: 0, to: end, end });
  }
  get span() {
    return this.to - this.from;
  }
  get isWhole() {
    return this.span >= this.end;
  }
  set(from, to) {
    const span = Math.min(this.end, Math.max(to - from, this.end * 1e-7));
    this.from = Math.max(0, Math.min(from, this.end - span));
    this.to = this.from + span;
  }
  zoom(factor, at) {
    this.set(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }
  move(share) {
    this.set(this.from + share * this.span, this.to + share * this.span);
  }
}

class Timeline {
  /** What is drawn: the rows of ranks, folded or not, and the chosen event: its row and its index there. */
  constructor(ranks, limit, signal) {
    this.ranks = ranks;
    this.limit = limit;
    this.tracks = ranks.flatMap((rank) => rank.tracks);
    this.stages = [...new Set(ranks.map(({ stage }) => stage))];
    this.view = new View(greatest(this.tracks.map((track) => track.latest.at(-1) ?? 0), 1e-3));
    this.closed = new Set(ranks.length > CLOSE_FROM ? this.stages : []);
    this.withMemory = ranks.length <= 4;
    this.reading = el("div", { class: "reading", "aria-live": "polite" });
    this.space = el("div");
    this.canvas = painting({
      label: "Simulated timeline: for each rank what it computes and communicates", tabindex: 0, signal,
      height: () => this.seenHigh, draw: (...given) => this.draw(...given),
      wheel: (event) => this.wheel(event), keydown: (event) => this.key(event),
      pointerdown: (event) => this.press(event), pointermove: (event) => this.drag(event), pointerup: (event) => this.release(event),
      pointercancel: () => this.held = undefined, pointerleave: (event) => showTip(event),
    });
    this.holder = el("div", { class: "rows", scroll: () => this.canvas.repaint() }, this.canvas, this.space);
    this.layRows();
  }

  get seenHigh() {
    return Math.min(this.high, MOST_HIGH);
  }

  layRows() {
    Object.assign(this, rowsOf(this.ranks, this.closed, this.withMemory));
    this.space.style.height = `${Math.max(0, this.high - this.seenHigh)}px`;
    this.choose(undefined);
  }

  draw(context, width, high) {
    const { rows, view, chosen, limit, held } = this;
    const drawn = drawTimeline(context, { rows, view, width, high, scroll: this.holder.scrollTop, chosen, limit });
    if (held?.mark !== undefined) {
      context.fillStyle = colour("accent");
      context.globalAlpha = 0.2;
      context.fillRect(Math.min(held.x, held.mark), RULER_HIGH, Math.abs(held.mark - held.x), high);
      context.globalAlpha = 1;
    }
    Object.assign(this.canvas.dataset, { from: view.from, to: view.to, drawn, rows: rows.length });
  }

  // Places on the canvas and in time.

  get pixel() {
    return this.view.span / (this.canvas.clientWidth - NAMES_WIDE);
  }
  timeAt(x) {
    return this.view.from + (x - NAMES_WIDE) * this.pixel;
  }
  eventUnder({ offsetX, offsetY }) {
    if (offsetX < NAMES_WIDE || offsetY < RULER_HIGH) return undefined;
    const y = offsetY + this.holder.scrollTop, row = this.rows.find(({ top, high }) => y >= top && y < top + high);
    if (!row?.track) return undefined;
    const index = eventAt(row.track, this.timeAt(offsetX), this.pixel);
    return index < 0 ? undefined : { row, index };
  }
  /** What a zoom by keys keeps in its place. */
  get center() {
    const { view, chosen } = this;
    if (!chosen) return (view.from + view.to) / 2;
    return Math.max(view.from, Math.min(view.to, chosen.row.track.starts[chosen.index]));
  }

  // The chosen event.

  choose(chosen) {
    this.chosen = chosen;
    this.reading.textContent = chosen ? `${chosen.row.rank.name}, ${visible(chosen.row.track.name)}: ` +
      eventText(chosen.row.track, chosen.index).replaceAll("\n", "; ") : "";
    if (chosen) this.uncover(chosen);
    this.canvas.repaint();
  }
  uncover({ row: { track, top }, index }) {
    const { view, holder, seenHigh } = this, start = track.starts[index];
    if (track.ends[index] < view.from || start > view.to) view.set(start - view.span / 4, start + view.span * 0.75);
    if (top < holder.scrollTop + RULER_HIGH) holder.scrollTop = top - RULER_HIGH - 10;
    else if (top + TRACK_HIGH > holder.scrollTop + seenHigh) holder.scrollTop = top + TRACK_HIGH - seenHigh + 10;
  }
  /** The event of a row that goes on at a time, or the next. */
  chooseIn(row, at) {
    if (row) this.choose({ row, index: Math.min(row.track.number - 1, firstAbove(row.track.latest, at)) });
  }
  along(step) {
    const { chosen, rows, view } = this;
    if (!chosen) return this.chooseIn(rows.find(({ track }) => track?.number), view.from);
    const index = chosen.index + step;
    if (index >= 0 && index < chosen.row.track.number) this.choose({ row: chosen.row, index });
  }
  across(step) {
    const { chosen, rows } = this, filled = rows.filter(({ track }) => track?.number);
    if (!chosen) return this.along(0);
    this.chooseIn(filled[filled.indexOf(chosen.row) + step], chosen.row.track.starts[chosen.index]);
  }
  enlarge() {
    if (!this.chosen) return;
    const { row: { track }, index } = this.chosen, wide = track.ends[index] - track.starts[index];
    this.view.set(track.starts[index] - wide, track.ends[index] + wide);
  }

  // The mouse and keys.

  wheel(event) {
    const isOurs = event.ctrlKey || document.activeElement === this.canvas;
    if (!isOurs || event.shiftKey || (event.deltaY > 0 && this.view.isWhole)) return;
    event.preventDefault();
    this.view.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), this.timeAt(event.offsetX));
    this.canvas.repaint();
  }
  press(event) {
    const { from, to } = this.view, x = event.offsetX;
    this.canvas.setPointerCapture(event.pointerId);
    this.held = { x, from, to, moved: false, mark: event.shiftKey ? x : undefined };
    showTip(event);
  }
  drag(event) {
    const { held, view } = this;
    if (!held) {
      const at = this.eventUnder(event);
      showTip(event, at && eventText(at.row.track, at.index));
      return;
    }
    held.moved ||= Math.abs(event.offsetX - held.x) > 3;
    if (held.mark !== undefined) {
      held.mark = Math.max(NAMES_WIDE, event.offsetX);
    } else if (held.moved) {
      const shift = (held.x - event.offsetX) * this.pixel;
      view.set(held.from + shift, held.to + shift);
    }
    this.canvas.repaint();
  }
  release(event) {
    const { held } = this;
    this.held = undefined;
    if (held && !held.moved) this.choose(this.eventUnder(event));
    else if (held?.mark !== undefined) this.view.set(...[held.x, held.mark].map((x) => this.timeAt(x)).sort((a, b) => a - b));
    this.canvas.repaint();
  }
  actions = {
    "+": () => this.view.zoom(0.6, this.center), "=": () => this.view.zoom(0.6, this.center),
    "-": () => this.view.zoom(1 / 0.6, this.center), Home: () => this.view.set(0, this.view.end),
    ArrowLeft: () => this.view.move(-0.15), ArrowRight: () => this.view.move(0.15),
    PageUp: () => this.holder.scrollTop -= 400, PageDown: () => this.holder.scrollTop += 400,
    n: () => this.along(1), p: () => this.along(-1), ArrowDown: () => this.across(1), ArrowUp: () => this.across(-1),
    Enter: () => this.enlarge(), Escape: () => this.choose(undefined),
  };
  act(key) {
    this.actions[key]();
    this.canvas.repaint();
  }
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(this.actions, event.key)) return;
    event.preventDefault();
    this.act(event.key);
  }
}

const TIMELINE_HELP = "Drag moves, shift and drag marks a part to zoom into; after a click the wheel zooms (before, with Ctrl). " +
  "Keys: + and − zoom, ← → move, Home shows all, PageUp and PageDown scroll, n and p go to the next and previous " +
  "event, ↑ ↓ to the next track, Enter zooms to the event.";

/** Buttons for what keys do, and what rows there are. */
function timelineControls(timeline) {
  const { ranks, stages, closed } = timeline;
  const button = (text, name, key) =>
    el("button", { type: "button", "aria-label": name, click: () => timeline.act(key) }, text);
  const box = (text, id, checked, set) => el("label", {}, el("input", { type: "checkbox", id, checked, change: (event) => {
    set(event.target.checked);
    timeline.layRows();
  } }), ` ${text}`);
  const fold = (on) => {
    closed.clear();
    if (on) stages.forEach((stage) => closed.add(stage));
  };
  return el("div", { class: "controls" },
    button("+", "zoom in", "+"), button("−", "zoom out", "-"), button("all", "the whole step", "Home"),
    box("memory over time", "with-memory", timeline.withMemory, (on) => timeline.withMemory = on),
    stages.length > 1 && ranks.length > stages.length ? box("one rank of each stage", "by-stage", closed.size > 0, fold) : null);
}

function renderTimeline(section, plan, signal) {
  if (!plan.timeline) {
    section.append(el("p", { class: "quiet" }, "This plan was not simulated."));
    return;
  }
  const measured = report.plans[report.measured?.plan] === plan ? report.measured.timeline : undefined;
  const ranks = ranksOf(plan, measured), limit = greatest(plan.memory.map((rank) => rank.limit_bytes));
  const timeline = new Timeline(ranks, limit, signal), { tracks } = timeline;
  const used = new Set(tracks.flatMap((track) => [...new Set(track.kinds)].map((kind) => track.timeline.kinds[kind])));
  const all = sum(ranks.map((rank) => rank.ranks)), stand = all > ranks.length ? `, which stand for ${count(all)}` : "";
  section.append(
    el("p", {}, `${plural(sum(tracks.map((track) => track.number)), "event")} of ${plural(ranks.length, "rank")}${stand}, ` +
      `in ${time(timeline.view.end)}.`),
    timelineControls(timeline), el("figure", {}, timeline.holder), timeline.reading,
    legend([...used].map((kind) => [kind, `var(--${kind})`])), el("p", { class: "quiet" }, TIMELINE_HELP));
}
