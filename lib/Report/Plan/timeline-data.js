// Timelines in arrays that are quick to draw, and the rows in which they stand.

/** A track's events by start, with the latest end up to each for searching: tracks may have events that overlap. */
function trackOf(timeline, track) {
  const events = [...track.events].sort((a, b) => a[2] - b[2]), number = events.length;
  const data = { name: track.name, number, names: new Uint32Array(number), kinds: new Uint8Array(number),
    starts: new Float64Array(number), ends: new Float64Array(number), latest: new Float64Array(number),
    batches: new Int32Array(number), bytes: new Float64Array(number), timeline };
  let latest = 0;
  events.forEach(([name, kind, start, duration, batch, size], index) => {
    data.names[index] = name;
    data.kinds[index] = kind;
    data.starts[index] = start;
    data.ends[index] = start + duration;
    data.latest[index] = latest = Math.max(latest, start + duration);
    data.batches[index] = batch ?? -1;
    data.bytes[index] = size ?? 0;
  });
  return data;
}

/** The first index at which `values`, which rise, exceed `limit`. */
function firstAbove(values, limit) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

function eventAt(track, at, slack) {
  for (let index = firstAbove(track.latest, at - slack); index < track.number && track.starts[index] <= at + slack; ++index)
    if (track.ends[index] > at - slack) return index;
  return -1;
}

function eventText(track, index) {
  const { timeline } = track, batch = track.batches[index];
  return `${visible(timeline.names[track.names[index]])}\n${timeline.kinds[track.kinds[index]]}` +
    (batch >= 0 ? `, micro-batch ${batch}` : "") + (track.bytes[index] ? `, ${bytes(track.bytes[index])}` : "") +
    `\n${time(track.ends[index] - track.starts[index])} from ${time(track.starts[index])} to ${time(track.ends[index])}`;
}

const TRACK_HIGH = 17, MEMORY_HIGH = 34, RANK_GAP = 6, TITLE_WIDE = 132, NAMES_WIDE = 296, RULER_HIGH = 22;

/** Ranks with their tracks, the predicted ones and beneath them the measured ones. */
function ranksOf(plan, measured) {
  const of = (timeline, what) => timeline.ranks.map((rank) => ({
    name: visible(rank.name), stage: rank.stage ?? 0, ranks: rank.ranks ?? 1, memory: rank.memory ?? [],
    tracks: rank.tracks.map((track) => Object.assign(trackOf(timeline, track), { what })),
  }));
  const ranks = of(plan.timeline, measured ? "predicted" : "");
  if (!measured) return ranks;
  for (const other of of(measured, "measured")) {
    const same = ranks.find(({ name }) => name === other.name);
    if (same) same.tracks.push(...other.tracks);
    else ranks.push(other);
  }
  return ranks;
}

/** The rows to draw; of a closed stage the first rank alone. */
function rowsOf(ranks, closed, withMemory) {
  const rows = [], seen = new Set();
  let top = RULER_HIGH;
  const stages = new Map();
  for (const { stage } of ranks) stages.set(stage, (stages.get(stage) ?? 0) + 1);
  for (const rank of ranks) {
    const isClosed = closed.has(rank.stage) && stages.get(rank.stage) > 1;
    if (isClosed && seen.has(rank.stage)) continue;
    seen.add(rank.stage);
    const title = isClosed ? `${rank.name} (of ${count(stages.get(rank.stage))})` : rank.name;
    rank.tracks.forEach((track, index) => {
      rows.push({ rank, track, top, high: TRACK_HIGH, title: index === 0 ? title : "", first: index === 0 });
      top += TRACK_HIGH + 1;
    });
    if (withMemory && rank.memory.length) {
      rows.push({ rank, memory: rank.memory, top, high: MEMORY_HIGH, title: "" });
      top += MEMORY_HIGH + 1;
    }
    top += RANK_GAP;
  }
  return { rows, high: top };
}
