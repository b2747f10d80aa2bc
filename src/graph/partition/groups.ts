// What belongs together, by pairs that are told one by one: each thing is in the group of its parent, up to one that has none.

export class Groups<T> {
  readonly #parent = new Map<T, T>();
  /** one of the group, the same for all of them */
  find(x: T): T {
    let root = x;
    for (let p = this.#parent.get(root); p !== undefined; p = this.#parent.get(root)) root = p;
    if (root !== x) this.#parent.set(x, root);
    return root;
  }
  join(a: T, b: T): void {
    const [x, y] = [this.find(a), this.find(b)];
    if (x !== y) this.#parent.set(x, y);
  }
}
