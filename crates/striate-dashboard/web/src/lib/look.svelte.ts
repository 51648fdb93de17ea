// How pictures are coloured, all over the dashboard.

import type { MapName } from "./colour";

class Look {
  map = $state<MapName>("diverging");
}

export const look = new Look();
