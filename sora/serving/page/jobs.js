// Long videos: the service works on them as jobs, which are asked after now and then.

import { ServiceError, call, sleep } from "./api.js";

const FIRST_PAUSE_SECONDS = 0.3;
const LONGEST_PAUSE_SECONDS = 2;

/**
 * Let the service do `task` as a job, with options (URLSearchParams), and return its answer.
 *
 * `take(path, work)` fetches it, when the job at this path is done.
 * `onProgress(share, status)` is told how far it is. When `signal` is aborted, the job is cancelled.
 */
export async function runJob(task, options, video, work, take = answerOf) {
  const { signal, onUpload, onWait, onProgress } = work;
  const asked = new URLSearchParams([["task", task], ...options]);
  const job = await call(`jobs?${asked}`, { video, signal, onUpload, onWait });
  const path = `jobs/${encodeURIComponent(job.job_id)}`;
  const cancel = () => call(path, { method: "DELETE" }).catch(ignoreServiceError);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    await finished(path, { signal, onWait, onProgress });
    return await take(path, work);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

const answerOf = (path, { signal, onWait }) => call(`${path}/result`, { method: "GET", signal, onWait });

async function finished(path, { signal, onWait, onProgress }) {
  for (let pause = FIRST_PAUSE_SECONDS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_SECONDS)) {
    const { status, progress, error } = await call(path, { method: "GET", signal, onWait });
    onProgress(progress, status);
    if (status === "done") return;
    if (status === "failed") throw new ServiceError(error || "The job failed, and the service does not say why.");
    if (status === "cancelled") throw new ServiceError("The job was cancelled.");
    await sleep(pause, signal);
  }
}

// A job that is over, or a service that is gone, has nothing left to cancel.
function ignoreServiceError(error) {
  if (!(error instanceof ServiceError)) throw error;
}
