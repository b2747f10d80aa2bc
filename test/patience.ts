// How long tests wait for what does not come: only what hangs takes as long, also on machines that stall for minutes.
export const patienceMs = 600_000;
