// The model's layers in a strip, coloured by what the reader asks for; a layer's tensors and their layouts.

/** How a tensor lies: [dp, –, tp·cp], and over which axes it is yet to be reduced. */
function layoutText({ dims, partial }) {
  const text = `[${dims.map((axes) => axes.length ? axes.map(visible).join("·") : "–").join(", ")}]`;
  const open = Object.entries(partial ?? {}).map(([axis, kind]) => `${kind} over ${visible(axis)} to come`);
  return [text, ...open].join(", ");
}

/** Layers are alike where all their tensors lie alike. */
function layoutsOf(layers) {
  const known = new Map();
  const kinds = layers.map(({ type, tensors }) => {
    const text = JSON.stringify([type, tensors.map(({ name, dims, partial }) => [name, dims, partial ?? {}])]);
    if (!known.has(text)) known.set(text, known.size);
    return known.get(text);
  });
  return { kinds, number: known.size };
}

const BY_VALUE = { time: ["time_us", time], memory: ["memory_bytes", bytes], "bytes sent": ["sent_bytes", bytes] };

/** What colours the layers: a shade for each, and the legend. */
function shadesOf(layers, by) {
  if (by === "layout") {
    const { kinds, number } = layoutsOf(layers);
    const names = Array.from({ length: number }, (_, kind) => {
      const first = layers[kinds.indexOf(kind)];
      const same = layers.filter((layer, index) => layer.type === first.type && kinds[index] !== kind).length;
      return `${visible(first.type)}${same ? `, as ${visible(first.name)}` : ""}`;
    });
    const shade = (kind) => oneOf(kind, number);
    return { shades: kinds.map(shade), key: names.map((name, kind) => [name, shade(kind)]) };
  }
  if (by === "stage") {
    const number = 1 + greatest(layers.map(({ stage }) => stage ?? 0));
    return { shades: layers.map(({ stage }) => oneOf(stage ?? 0, number)),
      key: number > 16 ? [] : Array.from({ length: number }, (_, stage) => [`stage ${stage}`, oneOf(stage, number)]) };
  }
  const [field, unit] = BY_VALUE[by], most = greatest(layers.map((layer) => layer[field]), 1e-9);
  const shade = (share) => `color-mix(in oklab, var(--accent) ${Math.round(100 * share)}%, var(--panel))`;
  return { shades: layers.map((layer) => shade(layer[field] / most)), key: [["0", shade(0)], [unit(most), shade(1)]] };
}

/** Of a module's path what tells it from its neighbours. */
const lastParts = (name) => name.split(".").slice(-2).join(".");

function renderTensors(layer) {
  const alike = layer.count > 1 ? `, ${count(layer.count)} layers alike` : "";
  const stage = layer.stage === undefined ? "" : `, stage ${layer.stage}`;
  return [
    el("h3", {}, `${visible(layer.name)}: ${visible(layer.type)}${alike}${stage}`),
    el("p", {}, `Each takes ${time(layer.time_us)} of a step, ${bytes(layer.memory_bytes)} of a rank's memory, ` +
      `and sends ${bytes(layer.sent_bytes)}.`),
    table(["tensor", "what", "shape", "layout"], layer.tensors.map((tensor) => ({
      cells: [visible(tensor.name), tensor.kind, tensor.shape.map(count).join(" × "), el("code", {}, layoutText(tensor))],
    }))),
  ];
}

function renderLayers(section, plan) {
  const { layers } = plan;
  if (!layers?.length) {
    section.append(el("p", { class: "quiet" }, "The layers of this plan were not recorded."));
    return;
  }
  const tensors = el("div", { id: "tensors", "aria-live": "polite" }), key = el("div");
  const total = sum(layers.map((layer) => layer.count));
  const most = greatest(layers.map((layer) => layer.count));
  let chosen = Math.max(0, layers.findIndex(({ count }) => count === most));
  const boxes = layers.map((layer, index) => el("div", { role: "option", style: { "flex-grow": layer.count },
    "aria-label": `${visible(layer.name)}, ${count(layer.count)} × ${visible(layer.type)}`, click: () => choose(index),
    mousemove: (event) => showTip(event, `${visible(layer.name)}: ${count(layer.count)} × ${visible(layer.type)}`),
    mouseleave: (event) => showTip(event) }, layer.count * 25 > total ? el("span", {}, visible(lastParts(layer.name))) : null));
  const goByKey = (event) => {
    const to = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, Home: 0, End: layers.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(layers.length - 1, to)));
    boxes[chosen].focus();
  };
  const strip = el("div", { class: "strip", role: "listbox", "aria-label": "Layers", "aria-orientation": "horizontal",
    keydown: goByKey }, boxes);
  function choose(index) {
    chosen = index;
    boxes.forEach((box, at) => {
      box.setAttribute("aria-selected", String(at === index));
      box.tabIndex = at === index ? 0 : -1;
    });
    tensors.replaceChildren(...renderTensors(layers[index]));
  }
  function paint(by) {
    const { shades, key: entries } = shadesOf(layers, by);
    boxes.forEach((box, index) => box.style.setProperty("--colour", shades[index]));
    key.replaceChildren(legend(entries));
  }
  section.append(
    el("p", {}, `${plural(total, "layer")} in ${plural(layers.length, "run")} of layers that are laid out alike; ` +
      "a run's width is its number of layers."),
    el("div", { class: "controls" }, el("label", {}, "colour layers by ", el("select", { id: "layers-by",
      change: (event) => paint(event.target.value) }, ["layout", plan.pipeline ? "stage" : null, ...Object.keys(BY_VALUE)]
      .filter(Boolean).map((by) => el("option", {}, by))))),
    strip, key, tensors,
    el("p", { class: "quiet" }, "A layout names for each dimension the axes of the mesh that shard it, " +
      "major first; – for none."));
  paint("layout");
  choose(chosen);
}
