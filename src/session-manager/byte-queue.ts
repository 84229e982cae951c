/** Bytes between a source that can be told to wait and one reader. Pure. */

const fullBytes = 1024 * 1024;

export class ByteQueue {
  readonly #onFull: (full: boolean) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #full = false;
  #ended = false;
  #change = Promise.withResolvers<void>();

  /** @param onFull asks the source to wait, and to go on */
  constructor(onFull: (full: boolean) => void) {
    this.#onFull = onFull;
  }

  get isFull(): boolean {
    return this.#full;
  }

  push(chunk: Buffer): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > fullBytes) this.#tell(true);
    this.#change.resolve();
  }

  /** What is in it can still be read. */
  end(): void {
    this.#ended = true;
    this.#change.resolve();
  }

  /** Everything that is there, at least one byte; null at the end. */
  async next(): Promise<Buffer | null> {
    while (this.#chunks.length === 0) {
      if (this.#ended) return null;
      this.#change = Promise.withResolvers<void>();
      await this.#change.promise;
    }
    const [first] = this.#chunks;
    const chunk = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    this.#tell(false);
    return chunk;
  }

  #tell(full: boolean): void {
    if (this.#full === full) return;
    this.#full = full;
    this.#onFull(full);
  }
}
