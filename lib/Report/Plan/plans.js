// The best plans side by side, what was rejected, and what was measured.

/** A bar of parts as wide as their share of `most`; the limit is a mark. */
function bar(parts, most, limit) {
  return el("span", { class: "bar" }, parts.map(([name, value, shade]) =>
    el("span", { style: { width: `${100 * value / most}%`, "--colour": shade },
      mousemove: (event) => showTip(event, name), mouseleave: (event) => showTip(event) })),
  limit === undefined ? null : el("i", { style: { left: `calc(${100 * limit / most}% - 1px)` } }));
}

const stepParts = (step) => STEP_KINDS.map((kind) =>
  [`${STEP_NAMES[kind]}: ${time(step[`${kind}_us`])}`, step[`${kind}_us`], `var(--${kind})`]);
const memoryParts = (rank) => MEMORY_KINDS.map((kind) =>
  [`${kind}: ${bytes(rank[`${kind}_bytes`])}`, rank[`${kind}_bytes`], `var(--${kind})`]);

function barsOf(title, plan, entries, key) {
  return el("div", {}, el("h3", {}, title), el("div", { class: "bars" }, entries.map(([index, value, drawn]) => [
    el("button", { "aria-pressed": String(report.plans[index] === plan), click: () => show(index),
      title: visible(report.plans[index].title) }, `${index + 1}. ${visible(report.plans[index].title)}`),
    drawn, el("span", { class: "number" }, value)])), key);
}

const PLAN_COLUMNS = ["plan", "mesh", "schedule", "#micro-batches", "#ZeRO", "recompute", "sequence", "#step", "#of the best",
  "#memory", "#gap"];

function planCells(plan, index) {
  const or = (value, text = String) => value === undefined ? "–" : text(value), best = report.plans[0].step.total_us;
  return [`${index + 1}. ${visible(plan.title)}`, meshText(plan), or(plan.pipeline, ({ schedule }) => SCHEDULES[schedule]),
    or(plan.micro_batches, count), or(plan.zero), or(plan.recompute, visible), or(plan.sequence),
    time(plan.step.total_us), `× ${(plan.step.total_us / best).toFixed(3)}`, bytes(memoryOf(fullest(plan))),
    or(plan.certificate, ({ gap }) => gapText(gap))];
}

function renderPlans(section, plan) {
  const { plans } = report, slowest = greatest(plans.map(({ step }) => step.total_us));
  const ranks = plans.map(fullest), most = greatest(ranks.map((rank) => Math.max(memoryOf(rank), rank.limit_bytes)));
  section.append(
    el("div", { class: "columns" },
      barsOf("Time of a step", plan, plans.map(({ step }, index) => [index, time(step.total_us), bar(stepParts(step), slowest)]),
        legend(STEP_KINDS.map((kind) => [STEP_NAMES[kind], `var(--${kind})`]))),
      barsOf("Memory of the fullest rank", plan, ranks.map((rank, index) =>
        [index, bytes(memoryOf(rank)), bar(memoryParts(rank), most, rank.limit_bytes)]),
      legend([...MEMORY_KINDS.map((kind) => [kind, `var(--${kind})`]), ["the limit", "var(--bad)"]]))),
    table(PLAN_COLUMNS, plans.map((each, index) =>
      ({ current: each === plan ? "true" : undefined, cells: planCells(each, index) }))));
}

function renderRejected(section) {
  if (!report.rejected?.length) return false;
  section.append(table(["what", "why not", "numbers"], report.rejected.map(({ what, reason, numbers }) => ({
    cells: [visible(what), visible(reason), Object.entries(numbers ?? {}).map(([field, value]) => {
      const [name, text] = named(field, value);
      return `${visible(name).replaceAll("_", " ")} ${text}`;
    }).join(", ")],
  }))));
}

const COMPUTING = new Set(["forward", "backward", "recompute", "update", "work"]);

/** How long a rank did what, in total. */
function timeByKind(timeline, rank, isCoarse) {
  const times = new Map();
  for (const track of rank.tracks)
    for (const [, index, , duration] of track.events) {
      const kind = isCoarse && COMPUTING.has(timeline.kinds[index]) ? "work" : timeline.kinds[index];
      times.set(kind, (times.get(kind) ?? 0) + duration);
    }
  return times;
}

function comparedKinds(plan, measured) {
  const [mine, theirs] = [plan.timeline?.ranks[0], measured.timeline?.ranks[0]];
  if (!mine || !theirs) return [];
  // A trace may not tell what work is for.
  const isCoarse = [plan.timeline, measured.timeline].some(({ kinds }) => kinds.includes("work"));
  const predicted = timeByKind(plan.timeline, mine, isCoarse), found = timeByKind(measured.timeline, theirs, isCoarse);
  return [...new Set([...predicted.keys(), ...found.keys()])].map((kind) =>
    [`${visible(theirs.name)}: ${kind}`, predicted.get(kind) ?? 0, found.get(kind) ?? 0, time, kind]);
}

function renderMeasured(section, plan) {
  const measured = report.measured;
  if (!measured || report.plans.indexOf(plan) !== measured.plan) return false;
  const rows = ["total", ...STEP_KINDS].filter((kind) => measured.step[`${kind}_us`] !== undefined).map((kind) =>
    [STEP_NAMES[kind] ?? "step", plan.step[`${kind}_us`], measured.step[`${kind}_us`], time,
      kind === "total" ? "accent" : kind]);
  if (measured.memory_bytes !== undefined)
    rows.push(["memory of the fullest rank", memoryOf(fullest(plan)), measured.memory_bytes, bytes, "parameters"]);
  rows.push(...comparedKinds(plan, measured));
  // Times share one axis; so do sizes.
  const most = new Map();
  for (const [, predicted, found, unit] of rows) most.set(unit, Math.max(most.get(unit) ?? 0, predicted, found));
  section.append(el("p", {}, visible(measured.what)),
    table(["", "#predicted", "#measured", "#measured / predicted", "predicted above, measured below"],
      rows.map(([name, predicted, found, unit, shade]) => ({
        cells: [name, unit(predicted), unit(found), predicted > 0 ? (found / predicted).toFixed(3) : "–",
          el("div", {}, bar([[unit(predicted), predicted, `var(--${shade})`]], most.get(unit)),
            bar([[unit(found), found, "var(--ink)"]], most.get(unit)))],
      }))));
  if (measured.timeline)
    section.append(el("p", {}, el("a", { href: "#timeline" }, "The timeline"), " has both on one axis."));
}
