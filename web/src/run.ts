// One run, from the request to its end, as the output pane shows it.
import { cancel, create, read, Refused } from "./api.ts";
import { all, find, maybe, part } from "./dom.ts";
import { pictureSize } from "./input.ts";
import { fresh, headline, next, seconds, secondsLeft, share, type Progress } from "./progress.ts";
import { Feed } from "./socket.ts";
import { goods } from "./goods.ts";
import { Details } from "./details.ts";
import { Scrub } from "./scrub.ts";
import { Stage } from "./stage.ts";
import { isFinal, type Input, type Prediction, type RunEvent, type Settings } from "./types.ts";
import { Viewer } from "./viewer.ts";

/** Finished is a run that left a picture. */
export interface Finished {
  id: string;
  file: string; // of its first picture
  prompt: string;
}

const tick = 100; // milliseconds between two looks at the clock
const patience = 2000; // milliseconds between two questions for the place in the queue

export class Run extends EventTarget {
  reusable = false; // somebody listens for "use" and "seed"
  private readonly title = document.title;
  private readonly stage: Stage;
  private readonly scrub: Scrub;
  private readonly details: Details;
  private feed: Feed | null = null;
  private progress: Progress = fresh();
  private id = "";
  private input: Input = {};
  private pictures = 1;
  private ended = true;
  private online = true;
  private canceledAt = 0; // when cancel was asked for, by performance.now()
  private began = 0;
  private eta = 0; // when a waiting run will be done, by performance.now(); 0: not known
  private clock = 0;

  constructor(private readonly root: HTMLElement, private readonly settings: Settings) {
    super();
    const viewer = new Viewer(find(document, "[data-viewer]"));
    this.stage = new Stage(find(root, "[data-stage]"), (src, alt) => void viewer.open(src, alt, this.before));
    this.scrub = new Scrub(root, this.stage);
    this.details = new Details(root);
    const { id, status } = root.dataset;
    if (id) void this.reattach(id, status ?? "");
  }

  /** before is the picture that this run started from; "" when there was none that can be shown. */
  private get before(): string {
    const given = String(this.input.image ?? "");
    return given.startsWith("data:") || given.startsWith(location.origin) ? given : "";
  }

  get busy(): boolean {
    return !this.ended;
  }

  /** start asks for a prediction and shows it. It throws Refused. */
  async start(input: Input): Promise<void> {
    this.begin(input);
    try {
      const prediction = await create(this.settings.create, input);
      this.id = prediction.id;
      if (this.canceledAt) void cancel(prediction.id);
      history.replaceState(null, "", `/?p=${encodeURIComponent(prediction.id)}`);
      this.follow();
    } catch (error) {
      this.ended = true;
      this.finishClock();
      this.stage.fail(error instanceof Refused ? error.message : String(error));
      this.tell("Not started", "");
      this.actions();
      this.dispatchEvent(new Event("change"));
      throw error;
    }
  }

  /** cancel stops the run; the pane then says how long that took. */
  async cancel(): Promise<void> {
    if (this.ended || this.canceledAt) return;
    this.canceledAt = performance.now();
    this.tell("Canceling…", "");
    if (this.id) await cancel(this.id).catch((error: Error) => this.tell(error.message, ""));
  }

  /** A page that was loaded in the middle of a run goes on showing it; a finished one is shown as it ended. */
  private async reattach(id: string, status: string): Promise<void> {
    const prediction = await read(id).catch(() => null);
    if (!prediction) return;
    this.id = id;
    this.begin(prediction.input);
    if (!isFinal(status as Prediction["status"])) return this.follow();
    this.follow(); // the log tells all of it again, pictures included
  }

  private begin(input: Input): void {
    this.feed?.close();
    this.progress = fresh();
    this.input = input;
    this.ended = false;
    this.canceledAt = this.eta = 0;
    this.began = performance.now();
    this.pictures = Number(input.num_outputs ?? 1);
    const texts = Object.fromEntries(Object.entries(input).map(([k, v]) => [k, String(v)]));
    this.stage.hang(this.pictures, pictureSize(texts, this.settings.sizes));
    this.scrub.hide();
    this.details.clear();
    find(this.root, "[data-meter]").classList.remove("meter-idle");
    clearInterval(this.clock);
    this.clock = setInterval(() => this.paint(), tick) as unknown as number;
    this.actions();
    this.paint();
    this.say("Started");
    this.dispatchEvent(new Event("change"));
  }

  private follow(): void {
    this.feed = new Feed(this.id, 0, {
      event: (event) => this.take(event),
      preview: (step, jpeg) => this.stage.preview(this.progress.picture, step, jpeg),
      online: (online) => {
        this.online = online;
        find(this.root, "[data-offline]").hidden = online;
        this.paint();
      },
    });
    void this.wait(this.feed);
  }

  /** While a run waits its turn, the server knows its place and when it will be done. */
  private async wait(feed: Feed): Promise<void> {
    while (this.feed === feed && !this.ended && this.progress.status === "starting") {
      const queue = (await read(this.id).catch(() => null))?.easel?.queue;
      if (this.feed !== feed || this.progress.status !== "starting") return;
      this.progress = { ...this.progress, queue: queue?.position ?? 0 };
      this.eta = queue?.eta === undefined ? 0 : performance.now() + 1000 * queue.eta;
      this.paint();
      await new Promise((resolve) => setTimeout(resolve, patience));
    }
  }

  private take(event: RunEvent): void {
    const before = this.progress;
    this.progress = next(before, event);
    if (event.type === "output") void this.stage.picture(event.data.index, `/files/${event.data.file}`, String(this.input.prompt ?? ""));
    if (event.type === "log") this.details.log(this.progress.logs);
    if (event.type === "step") this.sayQuarter(share(before, this.pictures), share(this.progress, this.pictures));
    if (event.type === "done") void this.end();
    else this.paint();
  }

  private async end(): Promise<void> {
    const answered = performance.now();
    this.ended = true;
    find(this.root, "[data-offline]").hidden = true;
    this.finishClock();
    const { status, error } = this.progress;
    let word = headline(this.progress, this.pictures);
    if (status === "canceled" && this.canceledAt) word = `Canceled in ${Math.round(answered - this.canceledAt)} ms`;
    if (status === "canceled") this.stage.stop();
    if (status === "failed") this.stage.fail(error || "The run failed.");
    if (status !== "failed") this.scrub.show();
    this.tell(word, "");
    this.offerSeed();
    this.say(word);
    this.actions();
    this.dispatchEvent(new Event("change"));
    const file = this.progress.outputs[0]?.file;
    if (status === "succeeded" && file) this.dispatchEvent(new CustomEvent<Finished>("finished", { detail: { id: this.id, file, prompt: String(this.input.prompt ?? "") } }));
    const prediction = await read(this.id).catch(() => null);
    if (prediction && this.ended) this.notes(prediction);
  }

  private notes(prediction: Prediction): void {
    this.details.show(prediction);
    this.countWarnings(prediction.easel?.warnings?.length ?? 0);
    this.dispatchEvent(new CustomEvent("loras", { detail: prediction.easel?.loras ?? [] }));
  }

  /** countWarnings says beside the seed that there are some; who wants to know them presses it. */
  private countWarnings(count: number): void {
    if (count === 0) return;
    const button = part<HTMLButtonElement>("warned");
    button.textContent = count === 1 ? "1 warning" : `${count} warnings`;
    button.addEventListener("click", () => this.details.open("warnings"));
    const facts = find(this.root, "[data-facts]");
    facts.append(...(facts.childNodes.length > 0 ? [" · "] : []), button);
  }

  /** offerSeed shows the seeds that were drawn; the first one is a button. */
  private offerSeed(): void {
    const seeds = this.progress.outputs.filter(Boolean).map((o) => o.seed);
    if (seeds[0] === undefined) return;
    this.dispatchEvent(new CustomEvent("drawn", { detail: String(seeds[0]) }));
    const button = part<HTMLButtonElement>("seed");
    button.textContent = `seed ${seeds[0]}`;
    button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("seed", { detail: String(seeds[0]) })));
    const rest = seeds.length > 1 ? ` to ${seeds.at(-1)}` : "";
    find(this.root, "[data-facts]").replaceChildren(button, rest);
  }

  private paint(): void {
    if (this.ended) return;
    const p = this.progress;
    find<HTMLProgressElement>(this.root, "[data-meter]").value = share(p, this.pictures);
    if (this.canceledAt) return;
    const facts = [seconds((performance.now() - this.began) / 1000)];
    const left = secondsLeft(p, this.pictures);
    if (p.stepsSeen > 1) facts.push(`${(p.stepsSeen / p.stepSeconds).toFixed(1)} it/s`);
    if (left !== null) facts.push(`${seconds(left)} left`);
    else if (p.status === "starting" && this.eta > performance.now()) facts.push(`done in about ${Math.ceil((this.eta - performance.now()) / 1000)} s`);
    this.tell(this.online ? headline(p, this.pictures) : "Connection lost, trying again…", facts.join(" · "));
  }

  private tell(word: string, facts: string): void {
    document.title = this.ended ? this.title : `${word} · ${this.title}`; // seen from another tab
    setText(find(this.root, "[data-headline]"), word);
    setText(find(this.root, "[data-facts]"), facts);
    find(this.root, "[data-dot]").dataset.status = this.ended && this.progress.status === "starting" ? "failed" : this.progress.status;
  }

  /** The live region hears of quarters only: a word for each step would drown the listener. */
  private sayQuarter(before: number, now: number): void {
    const quarter = Math.floor(now * 4);
    if (quarter > Math.floor(before * 4) && quarter < 4) this.say(`${quarter * 25} percent`);
  }

  private say(text: string): void {
    find(this.root, "[data-live]").textContent = text;
  }

  private finishClock(): void {
    clearInterval(this.clock);
    find(this.root, "[data-meter]").classList.add("meter-idle");
  }

  private actions(): void {
    const had = this.root.contains(document.activeElement) && maybe(this.root, "[data-actions] :focus") !== null;
    const buttons = !this.ended ? [this.cancelButton()] : this.id ? this.goods() : [];
    find(this.root, "[data-actions]").replaceChildren(...buttons);
    if (had) buttons[0]?.focus(); // the button that was pressed is gone
  }

  private goods(): HTMLElement[] {
    const ended = { id: this.id, outputs: this.progress.outputs.filter(Boolean), input: this.input, create: this.settings.create };
    const use = (address: string) => this.dispatchEvent(new CustomEvent("use", { detail: address }));
    return goods(ended, (word) => this.say(word), this.reusable ? use : null);
  }

  private cancelButton(): HTMLElement {
    const button = part<HTMLButtonElement>("cancel");
    button.type = "button";
    find(button, "[data-cancel-key]").hidden = false;
    button.addEventListener("click", () => void this.cancel());
    return button;
  }
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export const enhanceRun = (settings: Settings): Run | null => {
  const [root] = all(document, "[data-run]");
  return root ? new Run(root, settings) : null;
};
