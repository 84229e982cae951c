/** How the Engine's answers are taken. */

/** Awaits an answer and takes these statuses for success. */
export async function ignoring(statuses: number[], answer: Promise<unknown>): Promise<void> {
  await answer.catch((error) => {
    if (!statuses.includes(error.statusCode)) throw error;
  });
}
