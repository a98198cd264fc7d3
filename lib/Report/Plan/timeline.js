// The simulated step of all ranks, and where there is one the measured: zoom, choice, tips.

const CLOSE_FROM = 24;

function timelineHelp() {
  return el("p", { class: "quiet" }, "Drag moves, shift and drag marks a part to zoom into; after a click the wheel zooms (before, with Ctrl). " +
    "Keys: + and − zoom, ← → move, Home shows all, PageUp and PageDown scroll, n and p go to the next and previous event, " +
    "↑ ↓ to the next track, Enter zooms to the event.");
}

/** What of the step is seen. */
class View {
  constructor(end) {
    Object.assign(this, { from: 0, to: end, end });
  }
  set(from, to) {
    const span = Math.min(this.end, Math.max(to - from, this.end * 1e-7));
    this.from = Math.max(0, Math.min(from, this.end - span));
    this.to = this.from + span;
  }
  zoom(factor, at) {
    this.set(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }
  get isWhole() {
    return this.to - this.from >= this.end;
  }
}

function renderTimeline(section, plan, signal) {
  if (!plan.timeline) {
    section.append(el("p", { class: "quiet" }, "This plan was not simulated."));
    return;
  }
  const hasMeasured = report.measured?.timeline && report.plans[report.measured.plan] === plan;
  const ranks = ranksOf(plan, hasMeasured ? report.measured.timeline : undefined);
  const tracks = ranks.flatMap((rank) => rank.tracks);
  const end = Math.max(1e-3, ...tracks.map((track) => track.latest.at(-1) ?? 0));
  const view = new View(end), stages = [...new Set(ranks.map(({ stage }) => stage))];
  const closed = new Set(ranks.length > CLOSE_FROM ? stages : []);
  const limit = Math.max(...plan.memory.map((rank) => rank.limit_bytes));
  let withMemory = ranks.length <= 4, chosen, drag, { rows, high } = rowsOf(ranks, closed, withMemory);

  const reading = el("div", { class: "reading", "aria-live": "polite" });
  const holder = el("div", { class: "rows", scroll: () => canvas.repaint() });
  const space = el("div");
  const seenHigh = () => Math.min(high, 558);
  const canvas = painting({
    label: "Simulated timeline: for each rank what it computes and communicates", tabindex: 0, signal,
    height: seenHigh,
    draw: (context, width, visibleHigh) => {
      const drawn = drawTimeline(context, { rows, view, width, high: visibleHigh, scroll: holder.scrollTop, chosen, limit });
      if (drag?.mark !== undefined) {
        context.fillStyle = colour("accent");
        context.globalAlpha = 0.2;
        context.fillRect(Math.min(drag.x, drag.mark), RULER_HIGH, Math.abs(drag.mark - drag.x), visibleHigh);
        context.globalAlpha = 1;
      }
      Object.assign(canvas.dataset, { from: view.from, to: view.to, drawn, rows: rows.length });
    },
  });
  const timeAt = (x) => view.from + (x - NAMES_WIDE) / (canvas.clientWidth - NAMES_WIDE) * (view.to - view.from);
  const pixel = () => (view.to - view.from) / (canvas.clientWidth - NAMES_WIDE);
  const rowAt = (y) => y < RULER_HIGH ? undefined :
    rows.find((row) => y + holder.scrollTop >= row.top && y + holder.scrollTop < row.top + row.high);
  const found = ({ offsetX, offsetY }) => {
    const row = rowAt(offsetY);
    if (!row?.track || offsetX < NAMES_WIDE) return undefined;
    const index = eventAt(row.track, timeAt(offsetX), pixel());
    return index < 0 ? undefined : { row, index };
  };
  function choose(next) {
    chosen = next;
    reading.textContent = chosen ? `${chosen.row.rank.name}, ${visible(chosen.row.track.name)}: ` +
      eventText(chosen.row.track, chosen.index).replaceAll("\n", "; ") : "";
    canvas.dataset.chosen = chosen ? `${rows.indexOf(chosen.row)},${chosen.index}` : "";
    if (chosen) {
      const { starts, ends } = chosen.row.track, span = view.to - view.from;
      if (ends[chosen.index] < view.from || starts[chosen.index] > view.to) view.set(starts[chosen.index] - span / 4, starts[chosen.index] + span * 0.75);
      const { top } = chosen.row;
      if (top < holder.scrollTop + RULER_HIGH) holder.scrollTop = top - RULER_HIGH - 10;
      else if (top + TRACK_HIGH > holder.scrollTop + seenHigh()) holder.scrollTop = top + TRACK_HIGH - seenHigh() + 10;
    }
    canvas.repaint();
  }
  function layRows() {
    ({ rows, high } = rowsOf(ranks, closed, withMemory));
    space.style.height = `${Math.max(0, high - seenHigh())}px`;
    choose(undefined);
  }

  canvas.addEventListener("wheel", (event) => {
    const isOurs = event.ctrlKey || document.activeElement === canvas;
    if (!isOurs || event.shiftKey || (event.deltaY > 0 && view.isWhole)) return;
    event.preventDefault();
    view.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), timeAt(event.offsetX));
    canvas.repaint();
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.offsetX, from: view.from, to: view.to, moved: false, mark: event.shiftKey ? event.offsetX : undefined };
    showTip(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) {
      const at = found(event);
      showTip(event, at && eventText(at.row.track, at.index));
      return;
    }
    drag.moved ||= Math.abs(event.offsetX - drag.x) > 3;
    if (drag.mark !== undefined) drag.mark = Math.max(NAMES_WIDE, event.offsetX);
    else if (drag.moved) {
      const shift = (drag.x - event.offsetX) * pixel();
      view.set(drag.from + shift, drag.to + shift);
    }
    canvas.repaint();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag?.mark !== undefined && drag.moved) view.set(...[timeAt(drag.x), timeAt(drag.mark)].sort((a, b) => a - b));
    else if (drag && !drag.moved) choose(found(event));
    drag = undefined;
    canvas.repaint();
  });
  canvas.addEventListener("pointercancel", () => drag = undefined);
  canvas.addEventListener("pointerleave", (event) => showTip(event));

  const center = () => chosen ? Math.max(view.from, Math.min(view.to, chosen.row.track.starts[chosen.index])) : (view.from + view.to) / 2;
  const move = (share) => view.set(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));
  const along = (step) => {
    if (!chosen) return choose(firstEvent());
    const index = chosen.index + step;
    if (index >= 0 && index < chosen.row.track.number) choose({ row: chosen.row, index });
  };
  const firstEvent = () => {
    const row = rows.find(({ track }) => track?.number);
    return row && { row, index: Math.min(row.track.number - 1, firstAbove(row.track.latest, view.from)) };
  };
  const across = (step) => {
    const filled = rows.filter(({ track }) => track?.number);
    if (!chosen) return choose(firstEvent());
    const row = filled[filled.indexOf(chosen.row) + step];
    const at = chosen.row.track.starts[chosen.index];
    if (row) choose({ row, index: Math.min(row.track.number - 1, firstAbove(row.track.latest, at)) });
  };
  const actions = {
    "+": () => view.zoom(0.6, center()), "=": () => view.zoom(0.6, center()), "-": () => view.zoom(1 / 0.6, center()),
    ArrowLeft: () => move(-0.15), ArrowRight: () => move(0.15), Home: () => view.set(0, view.end),
    PageUp: () => holder.scrollTop -= 400, PageDown: () => holder.scrollTop += 400,
    n: () => along(1), p: () => along(-1), ArrowDown: () => across(1), ArrowUp: () => across(-1), Escape: () => choose(undefined),
    Enter: () => {
      if (!chosen) return;
      const { starts, ends } = chosen.row.track, wide = ends[chosen.index] - starts[chosen.index];
      view.set(starts[chosen.index] - wide, ends[chosen.index] + wide);
    },
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
    canvas.repaint();
  });

  const kinds = [...new Set(tracks.flatMap(({ timeline, kinds }) => [...new Set(kinds)].map((kind) => timeline.kinds[kind])))];
  const toggle = (text, id, on, act) => el("label", {}, el("input", { type: "checkbox", id, checked: on, change: (event) => {
    act(event.target.checked);
    layRows();
  } }), ` ${text}`);
  const button = (text, action) => el("button", { type: "button", "aria-label": action, click: () => {
    actions[text === "all" ? "Home" : text]();
    canvas.repaint();
  } }, text);
  section.append(
    el("p", {}, `${plural(sum(tracks.map((track) => track.number)), "event")} of ${plural(ranks.length, "rank")}` +
      (ranks.some((rank) => rank.ranks > 1) ? `, which stand for ${count(sum(ranks.map((rank) => rank.ranks)))}` : "") +
      `, in ${time(end)}.`),
    el("div", { class: "controls" }, button("+", "zoom in"), button("-", "zoom out"), button("all", "the whole step"),
      toggle("memory over time", "with-memory", withMemory, (on) => withMemory = on),
      stages.length > 1 && ranks.length > stages.length ? toggle("one rank of each stage", "by-stage", closed.size > 0, (on) => {
        closed.clear();
        if (on) stages.forEach((stage) => closed.add(stage));
      }) : null),
    el("figure", {}, holder), reading, legend(kinds.map((kind) => [kind, `var(--${kind})`])), timelineHelp());
  holder.append(canvas, space);
  layRows();
}
