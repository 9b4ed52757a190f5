// @ts-check
/**
 * The parts of a lesson, and the interfaces between its steps, its toys and the panel.
 *
 * @typedef {object} Lesson
 * @property {string} name its value of the setting `lesson`
 * @property {string} fragment the settings of its run; `lane2=` to `lane4=` hold the differences of the other networks
 * @property {string[]} [depths] other values of the setting `depth` to run it with
 * @property {string[]} lanes names of the networks, in that order
 * @property {number} until steps of the run
 * @property {number} every steps between snapshots; there is also one after the first step, and sentences refer to these snapshots only
 * @property {string[]} choices to predict from
 * @property {(run: import("./measure.js").Run) => import("./measure.js").Measured} measure
 * @property {string[]} sentences about the run, in order; each is shown if all its numbers were measured
 * @property {string[]} formula lines, with terms as in `components/terms.js`
 * @property {(panel: Panel) => Picture} picture what shows its claim
 * @property {(panel: Panel) => Toy} [toy] its interactive part
 * @property {Record<string, (panel: Panel) => Toy>} [toys] further toys, by their step
 * @property {string[]} [changeable] settings that may change during the run: it continues, the sentences name them, and the prediction stays open
 * @property {string[]} [toySteps] steps that show the toy; by default, the formula
 * @property {boolean} [gap] shades the gap between training and test curves
 *
 * @typedef {object} Toy
 * @property {HTMLElement} element
 * @property {import("../../worker/types.js").Unit | null} [unit] what the worker reads for it
 * @property {(reading: import("../../worker/types.js").UnitReading) => void} [receive] takes the reading
 * @property {() => void} [update] called for each frame with a change, while it is visible
 * @property {() => void} [destroy]
 *
 * @typedef {object} Picture See `pictures/picture.js`.
 * @property {Element} element
 * @property {HTMLElement | null} controls below the drawing
 * @property {Record<string, number>} values that the claim may quote, besides those of the run
 * @property {import("../../worker/types.js").Unit | null} unit what the worker reads for it
 * @property {(reading: import("../../worker/types.js").UnitReading) => void} receive takes the reading
 * @property {(width: number, height: number) => void} resize
 * @property {() => void} update called for each frame with a change
 * @property {() => void} destroy
 *
 * @typedef {{seed: number, run: import("./measure.js").Run, recorded?: import("./recorded.js").File} & import("./measure.js").Measured} Result
 *   of one run with its seed; `recorded`: the run was not trained here
 *
 * @typedef {object} Panel
 * @property {import("../../components/host.js").Host} shell
 * @property {import("../../session/session.js").Session} session
 * @property {import("../../components/terms.js").Terms} terms
 * @property {import("../../kit/i18n.js").Texts} say the lessons' texts
 * @property {import("../../kit/i18n.js").Texts} inside texts of the view into a layer, whose pictures toys use
 * @property {(key: string, fields?: Record<string, unknown>) => string} word a text of the open lesson
 * @property {Lesson | null} lesson
 * @property {boolean} shown
 * @property {string | undefined} step the step's name
 * @property {() => void} show redraws everything
 * @property {{known: boolean, on: boolean}} stage whether the claim's numbers are known, and whether the picture fills the page
 * @property {string} depth the setting `depth` of the lesson's run, if there is a choice
 * @property {number} layers number of learnt layers of the lesson's network
 * @property {number} seed
 * @property {number} pace milliseconds per step of its run
 * @property {number} left seconds left of its run; NaN while its speed is not known
 * @property {boolean} stuck the engine has not started, so nothing runs here
 * @property {import("./recording.js").Recording | null} recording
 * @property {{recorded: import("./recorded.js").Recorded, file: import("./recorded.js").File, ahead: boolean} | null} replay the recording on show
 * @property {Result[]} ran the open lesson's runs, newest last
 * @property {Result | undefined} result the newest of them
 * @property {import("./measure.js").Run | undefined} shownRun the recording's, the current one, or the last one
 * @property {Map<string, string>} choices predictions by lesson
 * @property {string} recipe the last one applied
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
