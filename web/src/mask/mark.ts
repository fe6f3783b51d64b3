// A mask is a list of marks; everything that is seen of it is drawn from them.

/** Tip is a brush's: its diameter in pixels, and the share of its radius, 0 to 1, that covers fully. */
export interface Tip {
  size: number;
  hardness: number;
}

export type Mark =
  | { kind: "brush"; erase: boolean; tip: Tip; path: number[] } // x, y, pressure; x, y, pressure; …
  | { kind: "rectangle"; erase: boolean; path: number[] } // two corners: x, y, x, y
  | { kind: "lasso"; erase: boolean; path: number[] } // x, y; x, y; …
  | { kind: "fill"; erase: boolean; path: number[] } // x, y
  | { kind: "invert" }
  | { kind: "clear" }
  | { kind: "load"; mask: Uint8Array };

/** Drawn are the marks that cover pixels and paint or erase there. */
export type Drawn = Extract<Mark, { erase: boolean }>;

export type Tool = Drawn["kind"];

/** repaint is the least mask value that the server repaints. */
export const repaint = 128;

/**
 * farEnough says whether a brush's next point is worth keeping: points closer
 * than a sixteenth of its size only cost time.
 */
export function farEnough(path: number[], x: number, y: number, tip: Tip): boolean {
  const least = Math.max(0.5, tip.size / 16);
  return Math.hypot(x - path.at(-3)!, y - path.at(-2)!) >= least;
}
