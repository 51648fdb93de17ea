// Colour maps as tables of 256 colours, little-endian RGBA.

export type MapName = "diverging" | "signed" | "grey" | "sequential";

const ANCHORS: Record<MapName, string[]> = {
  // Blue below zero, red above (ColorBrewer RdBu, Apache-2.0).
  diverging: ["#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f"],
  // The same for marks on paper, where white would not be seen.
  signed: ["#1565c0", "#6d9fd0", "#a9b1b9", "#d98a7c", "#c62828"],
  grey: ["#000000", "#ffffff"],
  // Viridis (CC0).
  sequential: ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"],
};

const tables = new Map<MapName, Uint32Array>();

function channels(hex: string): number[] {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

export function table(name: MapName): Uint32Array {
  let found = tables.get(name);
  if (!found) {
    const anchors = ANCHORS[name].map(channels);
    found = new Uint32Array(256);
    for (let i = 0; i < 256; i++) {
      const place = (i / 255) * (anchors.length - 1);
      const low = Math.min(Math.floor(place), anchors.length - 2);
      const [r, g, b] = anchors[low].map((a, c) => Math.round(a + (anchors[low + 1][c] - a) * (place - low)));
      found[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    tables.set(name, found);
  }
  return found;
}

/** The colour at 0..1 as CSS. */
export function css(name: MapName, place: number): string {
  const c = table(name)[Math.max(0, Math.min(255, Math.round(place * 255)))];
  return `rgb(${c & 255} ${(c >> 8) & 255} ${(c >> 16) & 255})`;
}

/** Smallest and largest finite value; [0, 0] where there is none. */
export function extent(data: ArrayLike<number | null>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (v === null || !Number.isFinite(v)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low <= high ? [low, high] : [0, 0];
}

/** Range of a picture: symmetric around zero where there are both signs. */
export function pictureRange(data: ArrayLike<number>, map: MapName): [number, number] {
  const [low, high] = extent(data);
  if (map === "sequential" || (map === "grey" && low >= 0)) return [low, high > low ? high : low + 1];
  const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return [-size, size];
}

/** Paints numbers into a canvas of one pixel per number; style sheets enlarge it without smoothing. */
export function paint(
  canvas: HTMLCanvasElement,
  data: Float32Array | Uint8Array,
  height: number,
  width: number,
  map: MapName,
  range: [number, number],
) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context || !width || !height) return;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = table(map);
  const scale = 255 / (range[1] - range[0] || 1);
  for (let i = 0; i < pixels.length; i++) {
    const v = (data[i] - range[0]) * scale;
    pixels[i] = Number.isNaN(v) ? 0 : colours[v <= 0 ? 0 : v >= 255 ? 255 : (v + 0.5) | 0];
  }
  context.putImageData(image, 0, 0);
}
