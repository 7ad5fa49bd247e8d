// Unpacks what the browser can unpack, and stops at a limit: a few bytes may unpack to gigabytes.
import { join } from "./bytes.js";

/** Returns at most `most` bytes of what `packed` holds ("deflate" or "gzip"). `first` is told the first 16 bytes or so,
 * and ends the work by answering false; null comes back then. Throws when the bytes are packed in another way. */
export async function inflate(packed, format, most, first = () => true) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream(format));
  const reader = stream.getReader();
  let found = new Uint8Array(0);
  let asked = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (value) found = join(found, value);
      if (!asked && (done || found.length >= 16)) {
        asked = true;
        if (!first(found)) return null;
      }
      if (done || found.length >= most) return found.subarray(0, most);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
