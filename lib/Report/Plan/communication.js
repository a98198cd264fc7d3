// Who sends how much to whom: a heat map by sender and receiver, and the largest flows.

/** From the panel's colour to the accent's; the scale is logarithmic. */
function heat(share) {
  return `color-mix(in oklab, ${colour("accent")} ${Math.round(15 + 85 * share)}%, ${colour("panel")})`;
}

function renderCommunication(section, plan, signal) {
  const matrix = plan.communication;
  if (!matrix) {
    section.append(el("p", { class: "quiet" }, "What this plan sends was not recorded."));
    return;
  }
  const { groups } = matrix, number = groups.length, flows = matrix.bytes.filter(([, , size]) => size > 0);
  const sent = new Map(flows.map(([from, to, size]) => [from * number + to, size]));
  const sizes = flows.map(([, , size]) => size), most = greatest(sizes, 1);
  const least = sizes.reduce((smallest, size) => Math.min(smallest, size), most);
  const share = (size) => most === least ? 1 : Math.log(size / least) / Math.log(most / least);
  const label = number <= 40 ? 110 : 0;
  let side = 10, chosen;
  const about = ([from, to]) =>
    `${visible(groups[from])} to ${visible(groups[to])}: ${bytes(sent.get(from * number + to) ?? 0)}`;
  const reading = el("div", { class: "reading", "aria-live": "polite" },
    "Rows send, columns receive. Arrow keys go from cell to cell.");
  const cellAt = (event) => {
    const to = Math.floor((event.offsetX - label) / side), from = Math.floor((event.offsetY - (label && 20)) / side);
    return to >= 0 && to < number && from >= 0 && from < number ? [from, to] : undefined;
  };
  const choose = (at) => {
    chosen = at;
    reading.textContent = about(at);
    canvas.dataset.cell = at.join(",");
    canvas.repaint();
  };
  const canvas = painting({
    label: "Bytes that each group sends to each", tabindex: 0, signal,
    height: (width) => {
      side = Math.max(2, Math.min(34, Math.floor(Math.min(width - label, 560) / number)));
      return side * number + (label && 20) + 2;
    },
    draw: (context) => {
      const top = label && 20;
      context.fillStyle = colour("hatch");
      context.fillRect(label, top, side * number, side * number);
      const gap = side > 6 ? 1 : 0;
      for (const [from, to, size] of flows) {
        context.fillStyle = heat(share(size));
        context.fillRect(label + to * side, top + from * side, side - gap, side - gap);
      }
      context.fillStyle = colour("ink");
      if (label && side > 9) groups.forEach((name, index) => {
        context.fillText(shortened(context, visible(name), label - 6), 0, top + (index + 0.5) * side);
        if (side > 18) context.fillText(String(index), label + index * side + 3, 10, side - 4);
      });
      context.strokeStyle = colour("ink");
      context.lineWidth = 2;
      if (chosen) context.strokeRect(label + chosen[1] * side, top + chosen[0] * side, side, side);
      context.lineWidth = 1;
    },
    mousemove: (event) => showTip(event, cellAt(event) && about(cellAt(event))),
    mouseleave: (event) => showTip(event),
    click: (event) => cellAt(event) && choose(cellAt(event)),
    keydown: (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      choose((chosen ?? [0, 0]).map((at, dim) => Math.max(0, Math.min(number - 1, at + step[dim]))));
    },
  });
  canvas.dataset.cells = flows.length;
  const largest = [...flows].sort((a, b) => b[2] - a[2]).slice(0, 8);
  const all = `${bytes(sum(sizes))} in a step, in ${plural(flows.length, "flow")} between ${plural(number, "group")}`;
  section.append(el("p", {}, all + (matrix.what ? ` (${visible(matrix.what)}).` : ".")),
  el("div", { class: "columns" },
    el("figure", {}, canvas, reading, legend([["nothing", "var(--hatch)"],
      ...(least < most ? [[bytes(least), "color-mix(in oklab, var(--accent) 15%, var(--panel))"]] : []),
      ...(flows.length ? [[bytes(most), "var(--accent)"]] : [])])),
    table(["from", "to", "#bytes a step"], largest.map(([from, to, size]) =>
      ({ cells: [visible(groups[from]), visible(groups[to]), bytes(size)] })))));
}
