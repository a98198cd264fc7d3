// The chosen plan in people's words.

const SCHEDULES = { gpipe: "GPipe", "1f1b": "1F1B", interleaved: "interleaved 1F1B" };
const ZERO = ["", "the optimizer's state in shards (ZeRO-1)", "the optimizer's state and gradients in shards (ZeRO-2)",
  "the optimizer's state, gradients and parameters in shards (ZeRO-3)"];
const SEQUENCE = { megatron: "the sequence sharded between layers (Megatron)",
  ulysses: "the sequence sharded, heads in attention (Ulysses)" };
const RECOMPUTE = { none: "nothing computed again", selective: "all but products and attention computed again (selective)",
  full: "each layer computed again (full)" };

function howItIsCut(plan) {
  const parts = plan.mesh.filter((axis) => axis.size > 1).map((axis) =>
    `${visible(axis.axis)} ${count(axis.size)}${axis.role ? ` (${visible(axis.role)})` : ""}`);
  const used = plan.mesh.reduce((product, axis) => product * axis.size, 1), idle = report.cluster.devices - used;
  return `The work is cut into ${parts.join(" × ") || "one part"} on ${plural(used, "device")}` +
    (idle ? `; ${count(idle)} stay idle.` : ".");
}

function howItRuns(plan) {
  const parts = [];
  if (plan.pipeline)
    parts.push(`${plural(stagesOf(plan), "pipeline stage")} by ${SCHEDULES[plan.pipeline.schedule]}` +
      (plan.pipeline.interleave > 1 ? `, ${plan.pipeline.interleave} chunks a stage` : ""));
  if (plan.micro_batches) parts.push(plural(plan.micro_batches, "micro-batch").replace("batchs", "batches"));
  if (plan.zero) parts.push(ZERO[plan.zero] + (plan.zero_axes ? ` over ${plan.zero_axes.map(visible).join(", ")}` : ""));
  if (plan.sequence) parts.push(SEQUENCE[plan.sequence]);
  if (plan.recompute) parts.push(RECOMPUTE[plan.recompute] ?? `computed again: ${visible(plan.recompute)}`);
  return parts.length ? `It runs with ${parts.join("; ")}.` : "";
}

function whereTimeGoes(step) {
  const others = STEP_KINDS.slice(1).filter((kind) => step[`${kind}_us`] > 0)
    .map((kind) => `${time(step[`${kind}_us`])} ${kind === "bubble" ? "in the pipeline's bubble" : "waiting for communication"}`);
  return `A step takes ${time(step.total_us)}: ${[`${time(step.compute_us)} of computing`, ...others].join(", ")}.`;
}

function whatMemorySays(plan) {
  const rank = fullest(plan), used = memoryOf(rank), fits = used <= rank.limit_bytes;
  return `The fullest rank (${visible(rank.name)}) needs ${bytes(used)} of ${bytes(rank.limit_bytes)}${fits ? "" : ": too much"}.`;
}

function howGoodItIs(certificate) {
  if (!certificate) return "No bound was computed for this plan.";
  const gap = certificate.gap > 0 ? `No plan in the searched space is more than ${gapText(certificate.gap)} cheaper` :
    "No plan in the searched space is cheaper";
  return `${gap} (cost ${time(certificate.cost_us)}, lower bound ${time(certificate.lower_bound_us)}): ` +
    `${plural(certificate.searched, "point")} searched, ${count(certificate.pruned)} pruned by their bound.` +
    (certificate.binding ? ` What binds: ${visible(certificate.binding)}.` : "");
}

function renderSummary(section, plan) {
  const { model, cluster } = report, rank = fullest(plan);
  const size = model.parameters ? `, ${large(model.parameters)} parameters` : "";
  const each = model.tokens_per_step ? `, ${large(model.tokens_per_step)} tokens a step` : "";
  section.append(
    el("p", {}, `${visible(model.name)}${size}${each}, on ${count(cluster.devices)} × ${visible(cluster.device.name)}. `,
      howItIsCut(plan), " ", howItRuns(plan)),
    el("ul", { class: "cards" }, [
      [time(plan.step.total_us), "a step"],
      [percent(plan.step.compute_us / plan.step.total_us), "of it computing"],
      plan.step.mfu === undefined ? null : [percent(plan.step.mfu), "of the peak (MFU)"],
      model.tokens_per_step ? [large(model.tokens_per_step / plan.step.total_us * 1e6), "tokens a second"] : null,
      [bytes(memoryOf(rank)), `of ${bytes(rank.limit_bytes)} a rank`],
      plan.certificate ? [plan.certificate.gap > 0 ? gapText(plan.certificate.gap) : "optimal",
        plan.certificate.gap > 0 ? "from the bound" : "by the cost model"] : null,
    ].filter(Boolean).map(([value, name]) => el("li", {}, el("b", {}, value), name))),
    el("p", {}, whereTimeGoes(plan.step), " ", whatMemorySays(plan)),
    el("p", {}, howGoodItIs(plan.certificate), plan.certificate?.stopped ?
      el("span", { class: "bad" }, ` The search was cut short: ${visible(plan.certificate.stopped)}.`) : null));
  if (plan.hash) section.append(el("p", { class: "quiet" }, "Plan ", el("code", {}, visible(plan.hash))));
}
