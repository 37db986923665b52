/** From numbers to pixels, and round numbers for the reader. */

export interface Scale {
  readonly y: (value: number) => number;
  readonly ticks: readonly number[];
}

const ROUND = [1, 2, 4, 6, 8, 10] as const;

/** The next number that reads well, and whose half does too. */
export function roundUp(value: number, least: number): number {
  const wanted = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return (ROUND.find((digit) => digit * power >= wanted * (1 - 1e-9)) ?? 10) * power;
}

/** 0 at the bottom, `top` at the top, pixels downwards from `from`. */
export const linear = (top: number, from: number, height: number): Scale => ({
  y: (value) => from + height * (1 - Math.min(1, value / top)),
  ticks: [0, top / 2, top],
});

/** Powers of ten; what lies beyond the ends is drawn on them. */
export function logarithmic(bottom: number, top: number, from: number, height: number): Scale {
  const [low, high] = [Math.log10(bottom), Math.log10(top)];
  return {
    y: (value) => from + (height * (high - Math.log10(Math.min(top, Math.max(bottom, value))))) / (high - low),
    ticks: Array.from({ length: Math.round(high - low) + 1 }, (_, step) => 10 ** (low + step)),
  };
}

const STEPS_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 240] as const;

/** Clock times to write under the axis, on round minutes: at most `most` in `drawn` seconds. All are epoch seconds. */
export function timeTicks(
  from: number,
  to: number,
  { most, drawn }: { readonly most: number; readonly drawn: number },
): readonly number[] {
  const step = 60 * (STEPS_MINUTES.find((minutes) => drawn / 60 / minutes <= most) ?? 480);
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step);
}
