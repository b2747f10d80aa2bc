// The exercises in the order of the lessons.
import type { Exercise } from "./exercise.js";
import { add } from "./exercises/add.js";
import { attention } from "./exercises/attention.js";
import { broadcast } from "./exercises/broadcast.js";
import { cells } from "./exercises/cells.js";
import { convolution } from "./exercises/convolution.js";
import { fusion } from "./exercises/fusion.js";
import { gemm } from "./exercises/gemm.js";
import { groups } from "./exercises/groups.js";
import { schedules } from "./exercises/schedules.js";
import { softmax } from "./exercises/softmax.js";

export const exercises: readonly Exercise[] = [
  add,
  broadcast,
  softmax,
  gemm,
  fusion,
  convolution,
  groups,
  attention,
  schedules,
  cells,
];
