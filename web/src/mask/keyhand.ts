// Painting without a pointer: the arrow keys move the cursor, space paints.
import { arrows } from "./shortcuts.ts";
import type { Draft } from "./draft.ts";
import type { Surface } from "./surface.ts";

const far = 8; // steps that Shift takes at once

export class KeyHand {
  private held = false; // space is down
  private moved = false; // and the cursor has moved since
  private latched = false; // Enter keeps the brush down

  constructor(private readonly surface: Surface, private readonly draft: () => Draft, private readonly say: (text: string) => void) {
    surface.root.addEventListener("keydown", (event) => this.down(event));
    surface.root.addEventListener("keyup", (event) => this.up(event));
    surface.root.addEventListener("pointerdown", () => {
      this.moved = true; // this space pans
      this.latched = false;
    });
    surface.root.addEventListener("blur", () => this.lift());
  }

  /** lift ends what the keys were drawing. */
  lift(): void {
    this.held = this.latched = this.surface.spaceHeld = false;
    if (this.draft().tool === "brush") this.surface.finish();
  }

  private down(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = arrows[event.key];
    if (!way && event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (way) this.arrow(way, event.shiftKey);
    else if (event.key === " ") this.space(event.repeat);
    else if (!event.repeat) this.enter();
  }

  private arrow([x, y]: [number, number], shift: boolean): void {
    const draft = this.draft();
    const brush = draft.tool === "brush";
    if (brush && this.held && !draft.busy) this.surface.begin(this.surface.at);
    const step = Math.max(1, Math.round(brush ? draft.tip.size / 4 : 8)) * (shift ? far : 1);
    this.surface.moveCursor(x * step, y * step);
    this.moved = true;
    const at = this.surface.at;
    if (brush) this.surface.carry(at);
    else if (draft.busy) {
      draft.follow(at.x, at.y);
      this.surface.changed({ left: 0, top: 0, right: 0, bottom: 0 });
    }
    this.say(`${Math.round(at.x)}, ${Math.round(at.y)}`);
  }

  private space(repeat: boolean): void {
    this.surface.spaceHeld = true;
    if (repeat) return;
    this.held = true;
    this.moved = false;
    this.surface.showCursor();
  }

  private up(event: KeyboardEvent): void {
    if (event.key !== " ") return;
    event.preventDefault();
    this.surface.spaceHeld = this.held = false;
    if (this.draft().tool === "brush" && this.draft().busy && !this.latched) return this.surface.finish();
    if (!this.moved) this.tap();
  }

  /** A tap of space is a dab, a corner, or a fill. */
  private tap(): void {
    const draft = this.draft();
    const at = this.surface.at;
    if (this.latched) return;
    if (!draft.busy) {
      this.surface.begin(at);
      if (draft.tool === "brush" || draft.tool === "fill") this.surface.finish();
      else this.say(draft.tool === "lasso" ? "First corner. Space sets the next, Enter closes." : "First corner. Space sets the other.");
    } else if (draft.tool === "rectangle") this.surface.finish();
    else this.surface.carry(at);
  }

  private enter(): void {
    const draft = this.draft();
    if (draft.tool !== "brush") return draft.busy ? this.surface.finish() : this.tap();
    this.latched = !this.latched;
    if (!this.latched) return this.surface.finish();
    this.surface.showCursor();
    this.surface.begin(this.surface.at);
    this.say("Brush down. Enter lifts it.");
  }
}
