// Draws rows of a timeline between two times.

function drawRuler(context, view, width) {
  const wide = width - NAMES_WIDE, span = view.to - view.from, rough = span / Math.max(1, wide / 110);
  const power = 10 ** Math.floor(Math.log10(rough)), step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  context.fillStyle = colour("page");
  context.fillRect(0, 0, width, RULER_HIGH);
  context.fillStyle = colour("quiet");
  context.strokeStyle = colour("line");
  for (let tick = Math.ceil(view.from / step); tick * step <= view.to; ++tick) {
    const x = NAMES_WIDE + (tick * step - view.from) / span * wide;
    context.beginPath();
    context.moveTo(x + 0.5, 14);
    context.lineTo(x + 0.5, RULER_HIGH);
    context.stroke();
    if (x + 60 < width) context.fillText(tickText(tick * step, step), x + 3, 10);
  }
}

/** As many digits as tell neighbours apart. */
function tickText(us, step) {
  const [unit, name] = us >= 1e6 ? [1e6, "s"] : us >= 1000 ? [1000, "ms"] : [1, "µs"];
  return `${(us / unit).toFixed(Math.min(6, Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9))))} ${name}`;
}

/** Events narrower than a pixel are added up: the pixel has the colour of what fills most of it, as dense as it is full. */
function drawTrack(context, track, top, view, width) {
  const wide = width - NAMES_WIDE, scale = wide / (view.to - view.from);
  const colours = track.timeline.kinds.map((kind) => colour(kind));
  const filled = new Float64Array(colours.length);
  let pixel = -1, drawn = 0;
  const flush = () => {
    if (pixel < 0) return;
    let most = 0, all = 0;
    filled.forEach((share, kind) => {
      all += share;
      if (share > filled[most]) most = kind;
    });
    context.globalAlpha = Math.max(0.25, Math.min(1, all));
    context.fillStyle = colours[most];
    context.fillRect(NAMES_WIDE + pixel, top, 1, TRACK_HIGH);
    context.globalAlpha = 1;
    filled.fill(0);
    pixel = -1;
  };
  for (let index = firstAbove(track.latest, view.from); index < track.number && track.starts[index] < view.to; ++index) {
    if (track.ends[index] <= view.from) continue;
    const left = Math.max(0, (track.starts[index] - view.from) * scale);
    const right = Math.min(wide, (track.ends[index] - view.from) * scale);
    ++drawn;
    if (right - left < 1.5) {
      if (Math.floor(left) !== pixel) flush();
      pixel = Math.floor(left);
      filled[track.kinds[index]] += right - left;
      continue;
    }
    flush();
    context.fillStyle = colours[track.kinds[index]];
    context.fillRect(NAMES_WIDE + left, top, right - left - (right - left > 4 ? 1 : 0), TRACK_HIGH);
    if (right - left > 16) drawEventName(context, track, index, NAMES_WIDE + left, top, right - left);
  }
  flush();
  return drawn;
}

function drawEventName(context, track, index, left, top, wide) {
  const batch = track.batches[index], name = visible(track.timeline.names[track.names[index]]);
  const text = wide > 7 * name.length + 8 ? name : batch >= 0 && wide > 8 * String(batch).length + 6 ? String(batch) : "";
  context.fillStyle = "#000";
  if (text) context.fillText(text, left + 3, top + TRACK_HIGH / 2 + 0.5);
}

/** Memory over time as steps, under the rank's limit if that is near. */
function drawMemory(context, row, top, view, width, limit) {
  const wide = width - NAMES_WIDE, most = greatest(row.memory.map(([, size]) => size), limit);
  const x = (at) => NAMES_WIDE + Math.max(0, Math.min(wide, (at - view.from) / (view.to - view.from) * wide));
  const y = (size) => top + MEMORY_HIGH - size / most * (MEMORY_HIGH - 2);
  context.fillStyle = colour("activations");
  row.memory.forEach(([at, size], index) => {
    const left = x(at), right = x(row.memory[index + 1]?.[0] ?? view.end);
    if (right > left) context.fillRect(left, y(size), right - left + 0.5, top + MEMORY_HIGH - y(size));
  });
  context.strokeStyle = colour("bad");
  context.beginPath();
  context.moveTo(NAMES_WIDE, y(limit));
  context.lineTo(width, y(limit));
  context.stroke();
}

function drawChoice(context, row, index, top, view, width) {
  const scale = (width - NAMES_WIDE) / (view.to - view.from), { starts, ends } = row.track;
  context.save();
  context.beginPath();
  context.rect(NAMES_WIDE, top - 2, width - NAMES_WIDE, row.high + 4);
  context.clip();
  context.strokeStyle = colour("ink");
  context.lineWidth = 2;
  const left = NAMES_WIDE + (starts[index] - view.from) * scale;
  context.strokeRect(left, top, (ends[index] - starts[index]) * scale, row.high);
  context.restore();
}

function drawTimeline(context, { rows, view, width, high, scroll, chosen, limit }) {
  let drawn = 0;
  for (const row of rows) {
    const top = row.top - scroll;
    if (top + row.high < RULER_HIGH || top > high) continue;
    if (row.first) {
      context.fillStyle = colour("line");
      context.fillRect(0, top - RANK_GAP / 2 - 1, width, 1);
    }
    if (row.track) drawn += drawTrack(context, row.track, top, view, width);
    else drawMemory(context, row, top, view, width, limit);
    context.fillStyle = colour("page");
    context.fillRect(0, top, NAMES_WIDE - 4, row.high);
    context.fillStyle = colour("ink");
    if (row.title) context.fillText(shortened(context, row.title, TITLE_WIDE), 0, top + row.high / 2);
    context.fillStyle = colour("quiet");
    const what = row.track ? [visible(row.track.name), row.track.what].filter(Boolean).join(", ") : "memory";
    context.fillText(shortened(context, what, NAMES_WIDE - TITLE_WIDE - 10), TITLE_WIDE + 4, top + row.high / 2);
    if (chosen?.row === row) drawChoice(context, row, chosen.index, top, view, width);
  }
  drawRuler(context, view, width);
  return drawn;
}
