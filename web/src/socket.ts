// Follows a run over a WebSocket. A broken connection is made again, and goes
// on after the last event that was seen, so nothing is missed.
import { isRunEvent, type RunEvent } from "./types.ts";

export interface Follower {
  event(event: RunEvent): void;
  preview(step: number, jpeg: Blob): void;
  online(connected: boolean): void;
}

const firstPause = 250; // milliseconds; doubles up to lastPause
const lastPause = 8000;

export class Feed {
  private socket: WebSocket | null = null;
  private pause = firstPause;
  private timer = 0;
  private ended = false;

  constructor(private readonly id: string, private after: number, private readonly follower: Follower) {
    this.connect();
    addEventListener("online", this.hurry);
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.hurry);
    this.socket?.close();
  }

  private readonly hurry = () => {
    if (this.socket || this.ended) return;
    clearTimeout(this.timer);
    this.connect();
  };

  private connect(): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/v1/predictions/${encodeURIComponent(this.id)}/events?after=${this.after}`);
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.pause = firstPause;
      this.follower.online(true);
    };
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.text(data) : this.binary(data as ArrayBuffer));
    socket.onclose = () => {
      this.socket = null;
      if (this.ended) return;
      this.follower.online(false);
      this.timer = setTimeout(() => this.connect(), this.pause) as unknown as number;
      this.pause = Math.min(this.pause * 2, lastPause);
    };
  }

  private text(data: string): void {
    const event: unknown = JSON.parse(data);
    if (!isRunEvent(event) || event.n <= this.after) return;
    this.after = event.n;
    if (event.type === "done") this.close();
    this.follower.event(event);
  }

  private binary(data: ArrayBuffer): void {
    if (data.byteLength <= 4 || this.ended) return;
    this.follower.preview(new DataView(data).getUint32(0), new Blob([new Uint8Array(data, 4)], { type: "image/jpeg" }));
  }
}
