// The playing of frames: one clock moves stimulus, raster and traces together.

export class Clock {
  frame = $state(0);
  playing = $state(false);
  length = $state(1);
  /** Frames per second. */
  rate = $state(30);
  speed = $state(1);
  #last = 0;
  #due = 0;
  #request = 0;

  /** Starts over with `length` frames; keeps playing if it was. */
  reset(length: number, rate: number | null) {
    this.length = Math.max(1, length);
    this.rate = rate && rate > 0 ? rate : 30;
    if (this.frame >= this.length) this.frame = 0;
  }

  toggle() {
    this.playing ? this.pause() : this.play();
  }

  play() {
    if (this.playing || this.length < 2) return;
    if (this.frame >= this.length - 1) this.frame = 0;
    this.playing = true;
    this.#last = performance.now();
    this.#due = 0;
    this.#request = requestAnimationFrame((t) => this.#tick(t));
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.#request);
  }

  step(by: number) {
    this.pause();
    this.frame = Math.max(0, Math.min(this.length - 1, this.frame + by));
  }

  #tick(now: number) {
    if (!this.playing) return;
    // Never more than a quarter of a second at once: a page that was hidden does not jump.
    this.#due += (Math.min(now - this.#last, 250) / 1000) * this.rate * this.speed;
    this.#last = now;
    const whole = Math.floor(this.#due);
    if (whole > 0) {
      this.#due -= whole;
      this.frame = (this.frame + whole) % this.length;
    }
    this.#request = requestAnimationFrame((t) => this.#tick(t));
  }
}

/** Keys of a player: space plays, arrows step, Home and End jump. Returns whether the key was one of them. */
export function playerKey(event: KeyboardEvent, clock: Clock): boolean {
  const target = event.target as HTMLElement | null;
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  if (target?.closest("select, textarea, input:not([type=range])")) return false;
  if (event.key === " " && target?.closest("button, a, summary")) return false;
  switch (event.key) {
    case " ":
      clock.toggle();
      break;
    case "ArrowRight":
      clock.step(event.shiftKey ? 10 : 1);
      break;
    case "ArrowLeft":
      clock.step(event.shiftKey ? -10 : -1);
      break;
    case "Home":
      clock.step(-clock.length);
      break;
    case "End":
      clock.step(clock.length);
      break;
    default:
      return false;
  }
  event.preventDefault();
  return true;
}
