// The document, elements, texts and numbers: what all sections share.

const report = JSON.parse(document.getElementById("report").textContent);

/** Names are the user's: what steers a terminal or turns text around is shown, not obeyed. */
function visible(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null));
  return node;
}

/** An element; children that are texts never become markup. */
function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function scaled(value, units, step) {
  let unit = 0;
  while (unit + 1 < units.length && Math.abs(value) >= step * 0.9995) {
    value /= step;
    ++unit;
  }
  const digits = Number.isInteger(value) && unit === 0 ? 0 : Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

const count = (value) => Math.round(value).toLocaleString("en-US");
const large = (value) => value < 1e6 ? count(value) : scaled(value / 1e6, ["million", "billion", "trillion"], 1000);
const bytes = (value) => scaled(value, ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"], 1024);
const time = (us) => us >= 60e6 ? scaled(us / 60e6, ["min"], Infinity) : scaled(us, ["µs", "ms", "s"], 1000);
const percent = (share) => `${(100 * share).toFixed(Math.abs(share) < 0.0995 ? 1 : 0)} %`;
const gapText = (gap) => gap > 0 ? `${(100 * gap).toPrecision(2)} %` : "0 %";
const bandwidth = (rate) => scaled(rate, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"], 1000);
const flops = (rate) => scaled(rate, ["FLOP/s", "kFLOP/s", "MFLOP/s", "GFLOP/s", "TFLOP/s", "PFLOP/s"], 1000);
const sum = (values) => values.reduce((total, value) => total + value, 0);
/** Of lists of any length: Math.max takes only so many arguments. */
const greatest = (values, least = 0) => values.reduce((most, value) => value > most ? value : most, least);
const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/** A number by the unit in its field's name. */
function named(field, value) {
  if (field.endsWith("_bytes")) return [field.slice(0, -6), bytes(value)];
  if (field.endsWith("_us")) return [field.slice(0, -3), time(value)];
  return [field, Number.isInteger(value) ? count(value) : value.toPrecision(4)];
}

const MEMORY_KINDS = ["parameters", "gradients", "optimizer", "activations", "transient"];
const STEP_KINDS = ["compute", "exposed", "bubble"];
const STEP_NAMES = { compute: "compute", exposed: "exposed communication", bubble: "pipeline bubble" };
const memoryOf = (rank) => sum(MEMORY_KINDS.map((kind) => rank[`${kind}_bytes`]));
const fullest = (plan) => plan.memory.reduce((most, rank) =>
  memoryOf(rank) / rank.limit_bytes > memoryOf(most) / most.limit_bytes ? rank : most);
const meshText = (plan) => plan.mesh.map((axis) => `${visible(axis.axis)} ${count(axis.size)}`).join(" × ") || "one device";
const stagesOf = (plan) => plan.pipeline ? plan.mesh.find((axis) => axis.axis === plan.pipeline.axis).size : 1;

/** The colour of a CSS variable as canvases want it. */
const resolved = new Map();
function colour(name) {
  if (!resolved.has(name)) {
    const probe = document.body.appendChild(el("span", { style: { color: `var(--${name})` } }));
    resolved.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return resolved.get(name);
}

/** The colour of one of many: few are told apart by name, many by their place in the circle. */
function oneOf(index, number) {
  const few = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee9944", "#999933"];
  return number <= few.length ? few[index] : `oklch(${index % 2 ? 0.58 : 0.72} 0.13 ${Math.round(360 * index / number)})`;
}

function legend(entries) {
  return el("ul", { class: "legend" }, entries.map(([name, value]) => el("li", { style: { "--colour": value } }, name)));
}

function table(heads, rows) {
  const cell = (tag, value, head) => el(tag, { class: head.startsWith("#") ? "number" : undefined }, value);
  return el("div", { class: "scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((head) => cell("th", head.replace("#", ""), head)))),
    el("tbody", {}, rows.map((row) => el("tr", { "aria-current": row.current }, row.cells.map((value, index) =>
      cell("td", value, heads[index])))))));
}

const tip = document.getElementById("tip");
function showTip(event, text) {
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  tip.style.left = `${Math.max(0, Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.max(0, Math.min(event.clientY + 16, innerHeight - tip.offsetHeight - 8))}px`;
}

/** As much of a text as fits. */
function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let length = Math.floor(text.length * width / context.measureText(text).width);
  while (length > 0 && context.measureText(text.slice(0, length) + "…").width > width) --length;
  return text.slice(0, length) + "…";
}

/**
 * A canvas that draws itself anew when its width or the colours change.
 * `draw(context, width)` says how high it wants to be by `height(width)`.
 */
function painting({ label, height, draw, signal, ...attributes }) {
  const canvas = el("canvas", { role: "img", "aria-label": label, ...attributes });
  let asked = false;
  canvas.paint = () => {
    asked = false;
    const width = canvas.parentElement?.clientWidth;
    if (!width) return;
    const ratio = devicePixelRatio, high = height(width);
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(high * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${high}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, high);
    context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    context.textBaseline = "middle";
    draw(context, width, high);
  };
  canvas.repaint = () => {
    if (!asked) requestAnimationFrame(canvas.paint);
    asked = true;
  };
  addEventListener("recolour", canvas.paint, { signal });
  const observer = new ResizeObserver(canvas.repaint);
  queueMicrotask(() => canvas.parentElement && observer.observe(canvas.parentElement));
  signal.addEventListener("abort", () => observer.disconnect());
  return canvas;
}
