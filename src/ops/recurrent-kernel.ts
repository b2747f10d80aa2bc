// The kernel of a recurrent layer in one direction: blocks of the batch walk the sequence with their states in their hands.
// What a cell computes is the operator's business (lstm.ts, gru.ts, rnn.ts).
import type { Dtype } from "../ir/dtypes.js";
import { Poly, Sym } from "../ir/poly.js";
import type { Dim, Kernel, Tensor } from "../ir/tile.js";
import { newAxis } from "../ir/tile.js";
import type { AnyIndex, AnyTile, View } from "../tile/index.js";
import { dimOf, dot, fold, materialize, recordKernel, where, zeros } from "../tile/index.js";
import { computeDtype, wide } from "./accumulate.js";
import type { NodeInfo, WholeNode } from "./operator.js";
import { directionsOf } from "./recurrent.js";

/** One step of one block of the batch; all tiles vary over batch and hidden unit. */
export interface CellStep {
  /** x · W + bias of a gate, gates being counted in the order of W */
  input(gate: number): AnyTile;
  /** h · R + bias of a gate, for the hidden state or another tile in its place */
  hidden(gate: number, h?: AnyTile): AnyTile;
  /** a row of the peephole weights; undefined where there are none */
  peephole(gate: number): AnyTile | undefined;
  /** the hidden state first */
  readonly state: readonly AnyTile[];
}
export interface Cell {
  readonly op: string;
  /** gates stacked in W, R and B */
  readonly gates: number;
  /** letters of the states, hidden first: initial_h and Y_h belong to "h" */
  readonly states: readonly string[];
  /** the next states; the first is the output */
  step(at: CellStep, direction: number): readonly AnyTile[];
}
/** The cell that a node's attributes ask for. */
export type CellOf = (node: NodeInfo) => Cell;

/**
 * One kernel for each direction. A node without X and W has G, what the products of the two are for all steps (azulejo.RecurrentSteps), and its R and B have a
 * dim of gates.
 */
export const recurrentKernels = (node: WholeNode, cell: Cell): readonly Kernel[] =>
  directionsOf(cell.op, node).map((way, d) => new Layer(node, cell, d, way === "reverse").kernel());

/** what is worth a layout of its own */
const matrices: ReadonlySet<string> = new Set(["W", "R"]);
const symbol = (name: string): Poly => Poly.sym(new Sym(name));

class Layer {
  readonly node: WholeNode;
  readonly cell: Cell;
  readonly d: number;
  readonly reverse: boolean;
  readonly batchFirst: boolean;
  readonly dtype: Dtype;
  readonly ofProducts: boolean;
  readonly S = symbol("S");
  readonly N = symbol("N");
  readonly I = symbol("I");
  readonly H = symbol("H");

  constructor(node: WholeNode, cell: Cell, d: number, reverse: boolean) {
    this.node = node;
    this.cell = cell;
    this.d = d;
    this.reverse = reverse;
    this.batchFirst = node.attributes.layout === 1;
    this.ofProducts = node.present.includes("G");
    this.dtype = node.dtypes.R!;
  }

  kernel(): Kernel {
    const { S, N, I, H, node, cell } = this;
    const sizes = this.ofProducts ? { S, N, H } : { S, N, I, H };
    const dims: readonly Dim[] = Object.entries(sizes).map(([name, size]) => ({ name, size }));
    const tensors = [...node.present, ...node.wanted].map(name => this.#tensor(name));
    const batch = newAxis("n", N);
    const name = `${cell.op.toLowerCase()}_${this.reverse ? "reverse" : "forward"}`;
    return recordKernel({ name, tensors, dims, grid: [batch] }, (views, [n]) => this.#walk(views, n!));
  }
  #tensor(name: string): Tensor {
    const { S, N, I, H } = this;
    const D = Poly.int(directionsOf(this.cell.op, this.node).length);
    const { gates } = this.cell;
    const state = this.batchFirst ? [N, D, H] : [D, N, H];
    const byGate: Readonly<Record<string, readonly Poly[]>> = {
      G: [...(this.batchFirst ? [N, S] : [S, N]), D, Poly.int(gates), H],
      R: [D, Poly.int(gates), H, H],
      B: [D, Poly.int(2 * gates), H],
    };
    // in multiples of H, so that the rows of a gate are provably inside
    const dims: Readonly<Record<string, readonly Poly[]>> = {
      X: this.batchFirst ? [N, S, I] : [S, N, I],
      W: [D, H.mul(gates), I],
      R: [D, H.mul(gates), H],
      B: [D, H.mul(2 * gates)],
      P: [D, H.mul(3)],
      sequence_lens: [N],
      Y: this.batchFirst ? [N, S, D, H] : [S, D, N, H],
      ...(this.ofProducts ? byGate : {}),
    };
    const role = this.node.wanted.includes(name) ? "output" : "input";
    const dtype = name === "sequence_lens" ? "i32" : this.dtype;
    const isPacked = matrices.has(name) && this.node.constants.has(name);
    return { name, dtype, dims: dims[name] ?? state, role, ...(isPacked ? { constant: true as const } : {}) };
  }

  #walk(views: Readonly<Record<string, View<Dtype>>>, n: AnyIndex): void {
    const [j, k, i] = [dimOf("J", this.H).all(), dimOf("K", this.H).all(), dimOf("I", this.I).all()];
    const { X, W, G, R, B, P, sequence_lens, Y } = views;
    const { d, dtype, batchFirst, cell } = this;
    const wideOf = (x: AnyTile): AnyTile => wide(x, dtype);
    const row = (gate: number): AnyTile => dimOf("H", this.H.mul(gate)).size.add(j);
    const ofGate = (v: View<Dtype>, gate: number, ...more: readonly AnyIndex[]): AnyTile =>
      wideOf(this.ofProducts ? v.at(d, gate, j, ...more) : v.at(d, row(gate), ...more));
    const place = (v: View<Dtype>) => (batchFirst ? v.at(n, d, j) : v.at(d, n, j));
    const start = (letter: string): AnyTile => {
      const given = views[`initial_${letter}`];
      return given ? wideOf(place(given)) : zeros(computeDtype(dtype), n, j);
    };
    const last = fold(dimOf("S", this.S).steps(), cell.states.map(start), (s, state): AnyTile[] => {
      const t: AnyTile = this.reverse ? dimOf("last", this.S.sub(1)).size.sub(s) : s;
      const when = batchFirst ? ([n, t] as const) : ([t, n] as const);
      const biased = (sum: AnyTile, gate: number): AnyTile => (B ? sum.add(ofGate(B, gate)) : sum);
      const product = (gate: number): AnyTile =>
        G ? wideOf(G.at(...when, d, gate, j)) : dot(wideOf(X!.at(...when, i)), ofGate(W!, gate, i), i);
      const next: readonly AnyTile[] = cell.step(
        {
          state,
          input: gate => biased(product(gate), gate),
          hidden: (gate, h = state[0]!) => {
            const other = materialize(h, n, j).at(n, k);
            return biased(dot(other, ofGate(R!, gate, k), k), gate + cell.gates);
          },
          peephole: gate => P && wideOf(P.at(d, row(gate))),
        },
        d,
      );
      // beyond the length of its sequence a sample keeps its states and gives 0
      const active = sequence_lens && t.lt(sequence_lens.at(n));
      const y = active ? where(active, next[0]!, 0) : next[0]!;
      if (Y) (batchFirst ? Y.at(n, t, d, j) : Y.at(t, d, n, j)).set(y.cast(dtype));
      const held = active ? next.map((v, at) => where(active, v, state[at]!)) : [...next];
      return held;
    });
    cell.states.forEach((letter, at) => {
      const target = views[`Y_${letter}`];
      if (target) place(target).set(last[at]!.cast(dtype));
    });
  }
}
