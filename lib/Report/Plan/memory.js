// What a rank's memory holds: bars of all ranks against the limit, and a treemap of the chosen one.

/** Cuts a rectangle into areas proportional to `items`' sizes, as square as it goes (Bruls, Huizing, van Wijk 2000). */
function squarify(items, left, top, wide, high) {
  const placed = [], rest = items.filter(({ size }) => size > 0).sort((a, b) => b.size - a.size);
  let left_over = sum(rest.map(({ size }) => size));
  while (rest.length && wide > 0 && high > 0) {
    const side = Math.min(wide, high), scale = wide * high / left_over;
    const worst = (row, total) => Math.max(...row.map(({ size }) => {
      const across = total * scale / side, along = size * scale / across;
      return Math.max(across / along, along / across);
    }));
    const row = [rest.shift()];
    let total = row[0].size;
    while (rest.length && worst([...row, rest[0]], total + rest[0].size) <= worst(row, total)) {
      total += rest[0].size;
      row.push(rest.shift());
    }
    const across = total * scale / side;
    let offset = 0;
    for (const item of row) {
      const along = side * item.size / total;
      placed.push(wide >= high ? { item, x: left, y: top + offset, w: across, h: along } :
        { item, x: left + offset, y: top, w: along, h: across });
      offset += along;
    }
    if (wide >= high) [left, wide] = [left + across, wide - across];
    else [top, high] = [top + across, high - across];
    left_over -= total;
  }
  return placed;
}

/** The kinds of a rank's memory, each with what it consists of, and what is free. */
function areasOf(rank) {
  const areas = MEMORY_KINDS.map((kind) => {
    const parts = (rank.parts ?? []).filter((part) => part.kind === kind), size = rank[`${kind}_bytes`];
    const others = size - sum(parts.map((part) => part.bytes));
    const inside = parts.map((part) => ({ name: visible(part.name), size: part.bytes }));
    if (inside.length && others > 0.001 * size) inside.push({ name: "other", size: others });
    return { name: kind, kind, size, inside };
  });
  const free = rank.limit_bytes - memoryOf(rank);
  return free > 0 ? [...areas, { name: "free", kind: "hatch", size: free, inside: [] }] : areas;
}

function cell({ x, y, w, h }, name, size, shade, attributes) {
  const text = `${name}: ${bytes(size)}`, fits = h < 18 ? "" : [text, name].find((each) => w > 7 * each.length) ?? "";
  return svg("g", { role: "img", "aria-label": text, mousemove: (event) => showTip(event, text),
    mouseleave: (event) => showTip(event), ...attributes },
  svg("rect", { x, y, width: w, height: h, style: { fill: shade, stroke: "var(--page)" } }),
  fits ? svg("text", { x: x + 5, y: y + 15, style: { fill: attributes.ink } }, fits) : null);
}

function treemap(rank) {
  const wide = 580, high = 300, dark = "#000";
  const nodes = squarify(areasOf(rank), 0, 0, wide, high).flatMap((area) => {
    const { item } = area, shade = `var(--${item.kind})`, ink = item.kind === "hatch" ? "var(--ink)" : dark;
    const outer = cell(area, item.name, item.size, shade,
      { "data-kind": item.name, "data-area": Math.round(area.w * area.h), ink });
    if (!item.inside.length || area.h < 40 || area.w < 40) return [outer];
    const inner = squarify(item.inside, area.x + 3, area.y + 20, area.w - 6, area.h - 23).map((part) =>
      cell(part, part.item.name, part.item.size, `color-mix(in oklab, ${shade} 78%, white)`,
        { "data-part": part.item.name, ink }));
    return [outer, ...inner];
  });
  return svg("svg", { viewBox: `0 0 ${wide} ${high}`, width: "100%", role: "group",
    "aria-label": `Memory of ${visible(rank.name)}` }, nodes);
}

function renderMemory(section, plan) {
  const most = greatest(plan.memory.map((rank) => Math.max(memoryOf(rank), rank.limit_bytes)));
  const detail = el("div", { id: "treemap", "aria-live": "polite" }), numbers = el("div", { id: "numbers" });
  const buttons = plan.memory.map((rank) => el("button", { click: () => choose(rank) },
    visible(rank.name) + (rank.ranks > 1 ? ` (${count(rank.ranks)} ranks)` : "")));
  function choose(rank) {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(plan.memory[index] === rank)));
    const used = memoryOf(rank), over = used > rank.limit_bytes;
    detail.replaceChildren(
      el("h3", {}, `${visible(rank.name)}: ${bytes(used)} of ${bytes(rank.limit_bytes)}`),
      over ? el("p", { class: "bad" }, `${bytes(used - rank.limit_bytes)} more than there is.`) : "",
      el("figure", {}, treemap(rank)));
    const rows = [...MEMORY_KINDS.map((kind) => [kind, rank[`${kind}_bytes`]]), ["together", used]];
    numbers.replaceChildren(table(["kind", "#bytes", "#share of the limit"], rows.map(([kind, value]) =>
      ({ cells: [kind, bytes(value), percent(value / rank.limit_bytes)] }))));
  }
  const key = [...MEMORY_KINDS.map((kind) => [kind, `var(--${kind})`]), ["free", "var(--hatch)"], ["the limit", "var(--bad)"]];
  const isShort = plan.memory.length <= 6;
  section.append(el("div", { class: "columns" },
    el("div", {}, el("div", { class: "bars" }, plan.memory.map((rank, index) =>
      [buttons[index], bar(memoryParts(rank), most, rank.limit_bytes), bytes(memoryOf(rank))])),
    legend(key), isShort ? numbers : null),
  el("div", {}, detail, isShort ? null : numbers)));
  choose(fullest(plan));
}
