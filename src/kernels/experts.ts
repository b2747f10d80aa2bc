// Mixtures of experts: which experts a token goes to, tokens in the order of experts, and their results back at the tokens. Between them lie
// groupedLinear()s.
import { kernel } from "../author/kernel.js";
import type { AnyIndex, AnyTile, DimValue } from "../tile/index.js";
import { dimOf, dot, f32, fold, full, grid, i32, literal, materialize, where, zeros } from "../tile/index.js";

/** How scores are made and experts chosen. */
export interface GateOptions {
  /** over all experts, or each by itself */
  readonly scores?: "softmax" | "sigmoid";
  /** weights of a token sum up to 1 */
  readonly normalize?: boolean;
  /** times this */
  readonly scale?: number;
  /** experts are taken from so many groups, those with the largest sums of their two best; absent: from all */
  readonly topGroups?: number;
}

/**
 * Expert, Weight [T, K]: the K best of the G · E experts for each token and their weights, from logits X [T, G, E]; experts lie in G groups, one where there are none.
 * Bias [G, E] is added to scores for the choice alone (DeepSeek-V3, 2024). The best comes first, of equal ones the first.
 */
export const moeGate = ({ scores = "softmax", normalize = true, scale = 1, topGroups }: GateOptions = {}) =>
  kernel(
    { X: f32("T G E"), Bias: f32("G E"), Expert: i32("T K"), Weight: f32("T K") },
    ({ X, Bias, Expert, Weight, T, G, E, K }) =>
      grid(T.tile(), t => {
        const [g, e, k] = [G.all(), E.all(), K.all()];
        const x = X.at(t, g, e);
        const powers = x.sub(x.max(g, e)).exp();
        const score: AnyTile = scores === "sigmoid" ? x.sigmoid() : powers.div(powers.sum(g, e));
        const view = materialize(score, t, g, e);
        const biased: AnyTile = view.at(t, g, e).add(Bias.at(g, e));
        const candidates: AnyTile =
          topGroups === undefined ? biased : where(inTopGroups(biased, topGroups, G, t, g, e), biased, -Infinity);
        const number = g.mul(E.size).add(e);
        const left = materialize(candidates, t, g, e).at(t, g, e);
        const [, , expert, weight] = fold(
          K.steps(),
          [full("f32", Infinity, t), full("i32", -1, t), zeros("i32", t, k), zeros("f32", t, k)] as const,
          (step, [last, at, expert, weight]) => {
            const behind = left.lt(last).or(left.eq(last).and(number.gt(at)));
            const best = where(behind, left, -Infinity).max(g, e);
            const first = where(behind.and(left.eq(best)), number, G.size.mul(E.size).sub(1)).min(g, e);
            const own = view.at(t, first.idiv(E.size), first.imod(E.size));
            return [best, first, where(k.eq(step), first, expert), where(k.eq(step), own, weight)] as const;
          },
        );
        Expert.at(t, k).set(expert);
        Weight.at(t, k).set((normalize ? weight.div(weight.sum(k)) : weight).mul(scale));
      }),
    { name: "moeGate" },
  );

/** Is an expert in one of the groups whose two best are largest? */
function inTopGroups(score: AnyTile, count: number, G: DimValue<"G">, t: AnyIndex, g: AnyIndex, e: AnyIndex): AnyTile {
  const best: AnyTile = score.max(e);
  const place: AnyTile = where(score.eq(best), e, literal("i32", 2 ** 31 - 1)).min(e);
  const second: AnyTile = where(e.eq(place), -Infinity, score).max(e);
  // a group of one expert has no second
  const view = materialize(best.add(where(second.gt(-Infinity), second, 0)), t, g);
  const [own, j] = [view.at(t, g), G.all("j")];
  const other = view.at(t, j);
  const before = other.gt(own).or(other.eq(own).and(j.lt(g)));
  return before.cast("i32").sum(j).lt(count);
}

/**
 * Tokens in the order of experts, those of one expert in their own (counting sort): Offsets [E + 1] is where rows of each expert begin, Rows [T · K] are
 * their tokens, and Slot [T, K] is the row of each entry of Expert [T, K]. Hand in Offsets and Rows, or `dims: { B: E + 1, M: T · K }`.
 */
export const moeDispatch = () =>
  kernel(
    { Expert: i32("T K"), Rows: i32("M"), Offsets: i32("B"), Slot: i32("T K") },
    ({ Expert, Rows, Offsets, Slot, T, K, B }) =>
      grid(() => {
        const [b, t, k] = [B.all(), T.all(), K.all()];
        const before = materialize(Expert.at(t, k).lt(b).cast("i32").sum(t, k), b).at(b);
        Offsets.at(b).set(before);
        fold(dimOf("N", T.poly.mul(K.poly)).steps(), [before] as const, (n, [next]) => {
          const [token, choice] = [n.idiv(K.size), n.imod(K.size)];
          const own = b.eq(Expert.at(token, choice));
          const slot = where(own, next, 0).sum(b);
          Slot.at(token, choice).set(slot);
          Rows.at(slot).set(token);
          return [where(own, next.add(1), next)] as const;
        });
      }),
    { name: "moeDispatch" },
  );

/** Y [T, N] = Σ over k of Weight [T, K] · X [M, N][Slot [T, K]], in the order of k: the experts' rows back at their tokens */
export const moeCombine = () =>
  kernel(
    { X: f32("M N"), Slot: i32("T K"), Weight: f32("T K"), Y: f32("T N") },
    ({ X, Slot, Weight, Y, T, N, K }) =>
      grid(T.tile(), N.tile(), (t, n) => {
        const k = K.all();
        Y.at(t, n).set(dot(Weight.at(t, k), X.at(Slot.at(t, k), n), k));
      }),
    { name: "moeCombine" },
  );
