// Where ranges of time are drawn: arithmetic without a page.

/** Return adjoining segments of one label as one, with the mean probability over its time. */
export function merged(segments) {
  const found = [];
  for (const { label, start_seconds, end_seconds, probability } of segments) {
    const last = found.at(-1);
    if (last?.name !== label || start_seconds - last.end_seconds > 0.05) {
      found.push({ name: label, start_seconds, end_seconds, confidence: probability });
      continue;
    }
    const [before, added] = [last.end_seconds - last.start_seconds, end_seconds - last.end_seconds];
    last.confidence = (last.confidence * before + probability * added) / (before + added || 1);
    last.end_seconds = end_seconds;
  }
  return found;
}

/** Return ranges as lanes: in each the ranges follow one another, and none overlaps another. */
export function lanes(ranges) {
  const found = [];
  for (const range of [...ranges].sort((one, other) => one.start_seconds - other.start_seconds)) {
    const free = found.find((lane) => lane.at(-1).end_seconds <= range.start_seconds + 1e-6);
    if (free) free.push(range);
    else found.push([range]);
  }
  return found;
}

/** Return about `wanted` round moments between 0 and `duration`, for a ruler. */
export function ticks(duration, wanted) {
  const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
  const step = steps.find((one) => duration / one <= wanted) ?? 7200;
  return Array.from({ length: Math.floor(duration / step + 1e-9) + 1 }, (_, place) => place * step);
}

/** Whether two lists of ranges name the same at the same times, to a tenth of a second. */
export function areAlike(ranges, others) {
  const isNear = (one, other) => Math.abs(one - other) < 0.1;
  const isSame = (one, other) =>
    one.name === other.name &&
    isNear(one.start_seconds, other.start_seconds) &&
    isNear(one.end_seconds, other.end_seconds);
  return ranges.length === others.length && ranges.every((range, place) => isSame(range, others[place]));
}
