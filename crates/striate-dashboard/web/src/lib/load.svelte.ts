// One asynchronous value of a page: the last that arrived, and what went wrong.

export class Loaded<T> {
  value = $state.raw<T>();
  error = $state.raw<{ message: string; status: number }>();
  loading = $state(false);
}

/**
 * Loads whenever what `source` reads has changed; answers that come too late are dropped. The former value stays until
 * the next one is there, so that stepping through neurons does not flicker.
 */
export function load<T>(source: () => Promise<T> | undefined): Loaded<T> {
  const result = new Loaded<T>();
  let turn = 0;
  $effect(() => {
    const mine = ++turn;
    const promise = source();
    if (!promise) return;
    result.loading = true;
    promise.then(
      (value) => {
        if (mine !== turn) return;
        result.value = value;
        result.error = undefined;
        result.loading = false;
      },
      (error: Error & { status?: number }) => {
        if (mine !== turn) return;
        result.value = undefined;
        result.error = { message: error.message, status: error.status ?? 0 };
        result.loading = false;
      },
    );
  });
  return result;
}
