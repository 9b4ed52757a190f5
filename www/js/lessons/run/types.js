// @ts-check
/**
 * What a lesson consists of, and what its steps, its toys and the panel know of each other.
 *
 * @typedef {object} Lesson
 * @property {string} name as the setting `lesson` spells it
 * @property {string} fragment the settings of its run; what differs in a lane stands after `lane2=` to `lane4=`
 * @property {string[]} [depths] other values of the setting `depth` to run it with
 * @property {string[]} lanes their names, in that order
 * @property {number} until steps of the run
 * @property {number} every so many steps, and after the first, the networks are looked at: whatever is said of looks is of these
 * @property {string[]} choices to predict from
 * @property {(run: import("./measure.js").Run) => import("./measure.js").Measured} measure
 * @property {string[]} sentences about the run, in their order; each is shown if all its numbers were measured
 * @property {string[]} formula lines, with terms as in `components/terms.js`
 * @property {(panel: Panel) => Toy} [toy] to play with
 * @property {Record<string, (panel: Panel) => Toy>} [toys] others, by the step that they are in
 * @property {string[]} [changeable] settings that may change during the run: it goes on, what was seen names them, and the prediction is left open
 * @property {string[]} [toySteps] in which it is there; under the formula unless said
 * @property {boolean} [gap] shades the gap between training and test curves
 *
 * @typedef {object} Toy
 * @property {HTMLElement} element
 * @property {import("../../worker/types.js").Unit | null} [unit] what the worker is to read for it
 * @property {(reading: import("../../worker/types.js").UnitReading) => void} [receive] takes that
 * @property {() => void} [update] is called with every frame that something has changed in, while it is seen
 * @property {() => void} [destroy]
 *
 * @typedef {{seed: number, run: import("./measure.js").Run, recorded?: import("./recorded.js").File} & import("./measure.js").Measured} Result
 *   of one run, with its seed; `recorded`: it was not run here
 *
 * @typedef {object} Panel
 * @property {import("../../components/host.js").Host} shell
 * @property {import("../../session/session.js").Session} session
 * @property {import("../../components/terms.js").Terms} terms
 * @property {import("../../kit/i18n.js").Texts} say the lessons' texts
 * @property {import("../../kit/i18n.js").Texts} inside those of the view into a layer, whose pictures toys use
 * @property {(key: string, fields?: Record<string, unknown>) => string} word a text of the lesson that is open
 * @property {Lesson | null} lesson
 * @property {string} depth the setting `depth` of the lesson's run, where there is a choice
 * @property {number} layers learnt ones of the lesson's network
 * @property {number} seed
 * @property {number} pace milliseconds that a step of its run takes
 * @property {boolean} stuck the engine has not started, so nothing runs here
 * @property {import("./recording.js").Recording | null} recording
 * @property {{recorded: import("./recorded.js").Recorded, file: import("./recorded.js").File} | null} replay a recording that is shown
 * @property {Result[]} ran the runs of the lesson that is open, the newest last
 * @property {Result | undefined} result the last one of them
 * @property {import("./measure.js").Run | undefined} shownRun the recording's, the one that goes on, or the last one
 * @property {Map<string, string>} choices what was predicted, by lesson
 * @property {string} recipe the one applied last
 * @property {HTMLElement} body
 * @property {HTMLElement} live
 * @property {() => Toy | null} toyOf the lesson's toy, if this step has one
 * @property {(name: string | null) => void} choose opens a lesson, or the list
 * @property {(seed: number) => void} start
 * @property {(seed: number) => void} runAgain
 * @property {(depth: string) => void} chooseDepth
 * @property {() => void} showRecording
 * @property {() => void} endRecording
 * @property {(key: string, file: import("./recorded.js").File) => string} aboutRecording
 * @property {() => void} showProgress
 */
export {};
