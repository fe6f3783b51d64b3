// The painter's keys. The same list stands in the dialog's own help.
export interface Actions {
  tool(name: "brush" | "eraser" | "rectangle" | "lasso" | "fill"): void;
  swap(): void;
  size(steps: number): void;
  hardness(steps: number): void;
  undo(): void;
  redo(): void;
  invert(): void;
  clear(): void;
  zoom(by: number): void;
  fit(): void;
  actual(): void;
  keys(): void;
  use(): void;
}

/** shortcut runs what a key stands for and says whether there was anything. */
export function shortcut(event: KeyboardEvent, to: Actions): boolean {
  const command = event.ctrlKey || event.metaKey;
  const letter = event.key.toLowerCase();
  if (command) {
    if (letter === "z") return run(event.shiftKey ? to.redo : to.undo);
    if (letter === "y") return run(to.redo);
    if (event.key === "Enter") return run(to.use);
    return false;
  }
  if (event.altKey) return false;
  switch (letter) {
    case "b": return run(() => to.tool("brush"));
    case "e": return run(() => to.tool("eraser"));
    case "r": return run(() => to.tool("rectangle"));
    case "l": return run(() => to.tool("lasso"));
    case "g": return run(() => to.tool("fill"));
    case "x": return run(to.swap);
    case "[": return run(() => to.size(-1));
    case "]": return run(() => to.size(1));
    case "{": return run(() => to.hardness(-1));
    case "}": return run(() => to.hardness(1));
    case "i": return run(to.invert);
    case "delete": case "backspace": return run(to.clear);
    case "+": case "=": return run(() => to.zoom(1.25));
    case "-": return run(() => to.zoom(0.8));
    case "0": return run(to.fit);
    case "1": return run(to.actual);
    case "?": return run(to.keys);
  }
  return false;
}

function run(action: () => void): true {
  action();
  return true;
}

/** arrows give the direction of an arrow key. */
export const arrows: Record<string, [x: number, y: number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
