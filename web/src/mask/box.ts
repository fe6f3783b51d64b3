// Pure: rectangles of pixels, from left and top up to, not including, right and bottom.
export interface Extent {
  width: number;
  height: number;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export const nothing: Box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };

export const whole = ({ width, height }: Extent): Box => ({ left: 0, top: 0, right: width, bottom: height });

export const isEmpty = (box: Box): boolean => box.left >= box.right || box.top >= box.bottom;

export function union(a: Box, b: Box): Box {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** clip rounds a box outwards to whole pixels and keeps what lies in the picture. */
export function clip(box: Box, { width, height }: Extent): Box {
  return {
    left: Math.max(0, Math.floor(box.left)),
    top: Math.max(0, Math.floor(box.top)),
    right: Math.min(width, Math.ceil(box.right)),
    bottom: Math.min(height, Math.ceil(box.bottom)),
  };
}

export const grow = (box: Box, by: number): Box => ({ left: box.left - by, top: box.top - by, right: box.right + by, bottom: box.bottom + by });
