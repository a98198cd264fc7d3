// The cluster as nested boxes of its levels, devices coloured by their place on an axis of the mesh.

/** A device's place on each axis: row-major, the last axis varies fastest. */
function placeOf(mesh, device) {
  const place = new Array(mesh.length);
  for (let index = mesh.length - 1; index >= 0; --index) {
    place[index] = device % mesh[index].size;
    device = Math.floor(device / mesh[index].size);
  }
  return device > 0 ? null : place;
}

/** At most so many columns, if it goes such that all rows are full. */
function evenColumns(parts, most) {
  if (parts <= most) return parts;
  for (let columns = most; columns >= most / 2; --columns) if (parts % columns === 0) return columns;
  return most;
}

/** Boxes of `size`-pixel devices: of each level how many parts it has, how many stand in a row, and how large one is. */
function nest(levels, size, width) {
  let [wide, high, inside] = [size, size, 1];
  return levels.map((level, index) => {
    const parts = level.devices / inside, pad = size < 5 ? 1 : index === 0 ? 2 : 5;
    const fits = Math.max(1, Math.floor((width - 2 * pad * (levels.length - index)) / (wide + pad)));
    const outermost = index === levels.length - 1;
    const columns = evenColumns(parts, Math.min(fits, outermost ? fits : Math.ceil(Math.sqrt(parts * 2 * high / wide))));
    const box = { parts, columns, pad, inside, wide, high };
    wide = columns * (wide + pad) + pad;
    high = Math.ceil(parts / columns) * (high + pad) + pad;
    inside = level.devices;
    return Object.assign(box, { outerWide: wide, outerHigh: high });
  });
}

/** The largest devices with which all fit. */
function nestToFit(levels, width) {
  let boxes;
  for (const size of [30, 22, 16, 12, 9, 7, 5, 4, 3, 2]) {
    boxes = nest(levels, size, width);
    const { outerWide, outerHigh } = boxes.at(-1);
    if (outerWide <= width && outerHigh <= 430) return { boxes, size };
  }
  return { boxes, size: 2 };
}

function forEachBox(boxes, visit) {
  const walk = (level, first, left, top) => {
    if (level < 0) return visit(-1, first, left, top);
    visit(level, first, left, top);
    const { parts, columns, pad, inside, wide, high } = boxes[level];
    for (let part = 0; part < parts; ++part)
      walk(level - 1, first + part * inside, left + pad + (part % columns) * (wide + pad),
        top + pad + Math.floor(part / columns) * (high + pad));
  };
  walk(boxes.length - 1, 0, 0, 0);
}

/** The device at a point, or none. */
function deviceAt(boxes, size, x, y) {
  let first = 0;
  for (let level = boxes.length - 1; level >= 0; --level) {
    const { parts, columns, pad, inside, wide, high } = boxes[level];
    const column = Math.floor((x - pad) / (wide + pad)), row = Math.floor((y - pad) / (high + pad));
    const part = row * columns + column;
    x -= pad + column * (wide + pad);
    y -= pad + row * (high + pad);
    if (column < 0 || column >= columns || row < 0 || part >= parts || x >= wide || y >= high) return undefined;
    first += part * inside;
  }
  return x < size && y < size ? first : undefined;
}

// Of a larger cluster one group of the outer levels is drawn.
const MOST_DEVICES = 40000;

function drawnLevels(cluster) {
  const drawn = cluster.levels.filter(({ devices }) => devices <= MOST_DEVICES);
  return drawn.length ? drawn : [{ name: "part", devices: Math.min(cluster.devices, MOST_DEVICES) }];
}

function levelTable(cluster) {
  return table(["level", "#devices", "#latency", "#bandwidth of a device"], cluster.levels.map((level) => ({
    cells: [visible(level.name), count(level.devices), time(level.latency_us), bandwidth(level.bandwidth_bytes_per_s) +
      (level.shared_by > 1 ? ` (one link for ${count(level.shared_by)})` : "")],
  })));
}

function renderCluster(section, plan, signal) {
  const { cluster } = report, { mesh } = plan, levels = drawnLevels(cluster);
  const peaks = Object.entries(cluster.device.peak_flops ?? {}).map(([type, rate]) => `${flops(rate)} in ${visible(type)}`);
  let axis = Math.max(0, mesh.findIndex(({ size }) => size > 1)), chosen, nested, places;
  const about = (device) => {
    const place = placeOf(mesh, device);
    const axes = place ? place.map((part, index) => `${visible(mesh[index].axis)} ${part}`).join(", ") : "idle";
    const groups = levels.slice(0, -1).reverse()
      .map(({ name, devices }) => `${visible(name)} ${count(Math.floor(device / devices))}`);
    return `device ${count(device)}: ${[axes, ...groups].join("; ")}`;
  };
  const reading = el("div", { class: "reading", "aria-live": "polite" }, "Arrow keys go from device to device.");
  const choose = (device) => {
    chosen = device;
    reading.textContent = about(device);
    canvas.dataset.device = device;
    canvas.repaint();
  };
  const canvas = painting({
    label: `Devices of ${visible(cluster.name)}, coloured by their place on an axis`, tabindex: 0, signal,
    height: (width) => {
      nested = nestToFit(levels, width);
      return nested.boxes.at(-1).outerHigh + 1;
    },
    draw: (context) => {
      const { boxes, size } = nested, [panel, line, idle, ink] = ["panel", "line", "hatch", "ink"].map(colour);
      places = new Set();
      let drawn = 0;
      forEachBox(boxes, (level, first, left, top) => {
        if (level >= 0) {
          context.fillStyle = panel;
          context.fillRect(left, top, boxes[level].outerWide, boxes[level].outerHigh);
          if (size < 5 && level === 0) return;
          context.strokeStyle = line;
          context.strokeRect(left + 0.5, top + 0.5, boxes[level].outerWide - 1, boxes[level].outerHigh - 1);
          return;
        }
        const place = placeOf(mesh, first);
        context.fillStyle = !place ? idle : mesh.length ? oneOf(place[axis], mesh[axis].size) : oneOf(0, 1);
        context.fillRect(left, top, size, size);
        if (place && mesh.length) places.add(place[axis]);
        ++drawn;
        if (first !== chosen) return;
        context.strokeStyle = ink;
        context.lineWidth = 2;
        context.strokeRect(left - 1, top - 1, size + 2, size + 2);
        context.lineWidth = 1;
      });
      Object.assign(canvas.dataset, { drawn, places: places.size });
    },
    mousemove: (event) => {
      const device = deviceAt(nested.boxes, nested.size, event.offsetX, event.offsetY);
      showTip(event, device === undefined ? "" : about(device));
    },
    mouseleave: (event) => showTip(event),
    click: (event) => {
      const device = deviceAt(nested.boxes, nested.size, event.offsetX, event.offsetY);
      if (device !== undefined) choose(device);
    },
    keydown: (event) => {
      const last = levels.at(-1).devices - 1, row = nested.boxes[0].columns;
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      choose(Math.max(0, Math.min(last, (chosen ?? -Math.sign(step)) + step)));
    },
  });
  const key = el("div");
  const explain = () => key.replaceChildren(!mesh.length ? "" : mesh[axis].size > 8 ?
    el("p", { class: "quiet" }, `${count(mesh[axis].size)} places on ${visible(mesh[axis].axis)}, one colour each.`) :
    legend(Array.from({ length: mesh[axis].size }, (_, place) =>
      [`${visible(mesh[axis].axis)} ${place}`, oneOf(place, mesh[axis].size)])));
  explain();
  const shown = levels.at(-1).devices;
  section.append(
    el("p", {}, `${visible(cluster.name)}: ${plural(cluster.devices, "device")}, ${visible(cluster.device.name)}, each with ` +
      [bytes(cluster.device.memory_bytes), ...peaks].join(", ") + "."),
    levelTable(cluster),
    el("div", { class: "controls" }, el("label", {}, "colour devices by ", el("select", { id: "axis", change: (event) => {
      axis = Number(event.target.value);
      explain();
      canvas.repaint();
    } }, mesh.map((each, index) => el("option", { value: index, selected: index === axis },
      `${visible(each.axis)} (${count(each.size)})${each.role ? ": " + visible(each.role) : ""}`))))),
    el("figure", {}, canvas, reading), key,
    shown < cluster.devices ? el("p", { class: "quiet" }, `${count(shown)} of ${count(cluster.devices)} devices are drawn.`) : "");
}
