// Numbers and names as people read them.

/** Return a moment as 0:07 or 1:02:07. */
export function clock(seconds) {
  const whole = Math.floor(seconds + 1e-6);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Return a range of time, with tenths of seconds where it is short. */
export function span(start, end) {
  if (end - start >= 10) return `${clock(start)}–${clock(end)}`;
  const exact = (seconds) => `${clock(seconds)}.${Math.floor((seconds % 1) * 10 + 1e-6)}`;
  return `${exact(start)}–${exact(end)}`;
}

/** Return a share in [0, 1] as a percentage that never claims certainty it has not. */
export function percent(share) {
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share < 1 && share > 0.99) return "> 99 %";
  return `${Math.round(share * 100)} %`;
}

/** Return a size in bytes. */
export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Return "1 shot" or "3 shots". */
export const counted = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
