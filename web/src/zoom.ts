// Pure: how a picture lies under a window. A point p of the picture is seen at
// p · scale + (x, y).

export interface View {
  x: number;
  y: number;
  scale: number;
}

export interface Box {
  width: number;
  height: number;
}

const least = 0.1;
const most = 32;

/** fitted shows all of a picture, centred. */
export function fitted(picture: Box, window: Box, margin = 24): View {
  const scale = Math.min((window.width - 2 * margin) / picture.width, (window.height - 2 * margin) / picture.height);
  return { scale, x: (window.width - picture.width * scale) / 2, y: (window.height - picture.height * scale) / 2 };
}

/** zoomed keeps the point of the picture that is seen at (x, y) where it is. */
export function zoomed(view: View, x: number, y: number, factor: number): View {
  const scale = Math.min(most, Math.max(least, view.scale * factor));
  const k = scale / view.scale;
  return { scale, x: x - (x - view.x) * k, y: y - (y - view.y) * k };
}

export const panned = (view: View, dx: number, dy: number): View => ({ ...view, x: view.x + dx, y: view.y + dy });

/** under is the point of the picture that is seen at (x, y). */
export const under = (view: View, x: number, y: number): [number, number] => [(x - view.x) / view.scale, (y - view.y) / view.scale];
