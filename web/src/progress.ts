// Pure: where a run stands, from the events of its life.
import type { RunEvent, Status } from "./types.ts";

export interface Output {
  file: string;
  seed: number;
}

export interface Progress {
  last: number; // number of the last event seen
  status: Status;
  queue: number; // place in the queue; 0: not waiting, or not known
  picture: number;
  step: number;
  of: number;
  stepSeconds: number; // sum over the steps seen
  stepsSeen: number;
  startedAt: number; // milliseconds, by the server's clock; 0: not yet
  endedAt: number;
  outputs: Output[]; // by index
  logs: string;
  error: string;
}

export function fresh(): Progress {
  return { last: 0, status: "starting", queue: 0, picture: 0, step: 0, of: 0, stepSeconds: 0, stepsSeen: 0, startedAt: 0, endedAt: 0, outputs: [], logs: "", error: "" };
}

/** Log text beyond this is cut at its start: it is a record, not an archive. */
const maxLogs = 64 << 10;

/** next is the progress after one more event. An event seen before changes nothing. */
export function next(before: Progress, event: RunEvent): Progress {
  if (event.n <= before.last) return before;
  const now = { ...before, last: event.n };
  switch (event.type) {
    case "queued":
      return { ...now, queue: event.data?.position ?? 0 };
    case "started": // a second start, after a worker died, begins anew
      return { ...fresh(), last: event.n, logs: before.logs, status: "processing", startedAt: Date.parse(event.at) };
    case "step":
      return {
        ...now, picture: event.data.picture, step: event.data.step, of: event.data.of,
        stepSeconds: before.stepSeconds + event.data.seconds, stepsSeen: before.stepsSeen + 1,
      };
    case "output":
      now.outputs = [...before.outputs];
      now.outputs[event.data.index] = { file: event.data.file, seed: event.data.seed };
      return now;
    case "log":
      return { ...now, logs: (before.logs + event.data.text).slice(-maxLogs) };
    case "done":
      return { ...now, status: event.data.status, error: event.data.error, endedAt: Date.parse(event.at) };
  }
  return now;
}

/** share is how much of the steps is done, 0 to 1, over all pictures. */
export function share(p: Progress, pictures: number): number {
  if (p.status === "succeeded") return 1;
  if (p.of === 0) return 0;
  return Math.min(1, (p.picture * p.of + p.step) / (p.of * Math.max(1, pictures)));
}

/** secondsLeft is what the steps still need, at the pace so far; null when not known. */
export function secondsLeft(p: Progress, pictures: number): number | null {
  if (p.stepsSeen < 2) return null;
  const left = p.of * pictures - (p.picture * p.of + p.step);
  return left <= 0 ? null : (p.stepSeconds / p.stepsSeen) * left;
}

/** headline says in a few words where the run stands. */
export function headline(p: Progress, pictures: number): string {
  switch (p.status) {
    case "starting":
      return p.queue > 1 ? `Waiting: ${p.queue - 1} ahead` : "Waiting for the engine";
    case "processing": {
      if (p.of === 0) return "Reading the prompt";
      const which = pictures > 1 ? `Picture ${p.picture + 1} of ${pictures} · ` : "";
      return p.step >= p.of ? `${which}Finishing` : `${which}Step ${p.step} of ${p.of}`;
    }
    case "succeeded":
      return p.startedAt && p.endedAt ? `Done in ${seconds((p.endedAt - p.startedAt) / 1000)}` : "Done";
    case "canceled":
      return "Canceled";
    case "failed":
      return "Failed";
  }
}

/** seconds writes a time as a person reads it. */
export function seconds(s: number): string {
  if (s < 1) return `${s.toFixed(2)} s`;
  if (s < 60) return `${s.toFixed(1)} s`;
  return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}
