// Something that a cache keeps for whoever uses it: freed when the cache has forgotten it and nobody uses it any more.

export class Usage<R = void> {
  readonly #free: () => R;
  #users = 0;
  #isForgotten = false;

  constructor(free: () => R) {
    this.#free = free;
  }
  begin(): void {
    this.#users++;
  }
  /** What freeing gives, where this was the last use of what is forgotten. */
  end(): R | undefined {
    this.#users--;
    return this.#freeUnused();
  }
  forget(): R | undefined {
    this.#isForgotten = true;
    return this.#freeUnused();
  }
  #freeUnused(): R | undefined {
    return this.#isForgotten && this.#users === 0 ? this.#free() : undefined;
  }
}
