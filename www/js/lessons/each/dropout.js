import { DropoutPicture } from "../pictures/dropout.js";
import { DropoutToy } from "../toys/dropout_toy.js";
import { fit, test } from "../run/measure.js";
import settings from "../run/lessons.json" with { type: "json" };

const { fragment, until, every, numbers } = settings.lessons.dropout;

/** Gaps that differ by less count as the same, in nats: with 500 test images, the error of a gap is about half of this. */
const { near: NEAR } = numbers;

export default {
  name: "dropout",
  fragment,
  lanes: ["without", "with"],
  until,
  every,
  choices: ["smaller", "same", "larger"],
  sentences: ["gap", "losses", "accuracies"],
  /** @param {import("../run/measure.js").Run} run */
  measure(run) {
    const gap = (/** @type {number} */ lane) => test(run, lane).loss - fit(run, lane).loss;
    const values = {
      without_loss: fit(run, 0).loss,
      with_loss: fit(run, 1).loss,
      without_test_loss: test(run, 0).loss,
      with_test_loss: test(run, 1).loss,
      without_accuracy: fit(run, 0).accuracy,
      with_accuracy: fit(run, 1).accuracy,
      without_test_accuracy: test(run, 0).accuracy,
      with_test_accuracy: test(run, 1).accuracy,
      without_gap: gap(0),
      with_gap: gap(1),
    };
    const apart = values.with_gap - values.without_gap;
    const outcome = Number.isNaN(apart) ? "" : Math.abs(apart) < NEAR ? "same" : apart < 0 ? "smaller" : "larger";
    return { outcome, values };
  },
  formula: ["[dropped|h̃_{i}] = [mask|m_{i}] [unit|h_{i}] / (1 − [dropout_rate|p]),  [chance|P]([mask|m_{i}] = 0) = [dropout_rate|p]"],
  gap: true,
  changeable: ["dropout"],
  picture: (/** @type {import("../run/types.js").Panel} */ panel) => new DropoutPicture(panel),
  toy: (/** @type {import("../run/types.js").Panel} */ panel) => new DropoutToy(panel),
  toySteps: ["run", "formula"],
};
