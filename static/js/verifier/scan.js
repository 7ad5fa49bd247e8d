// Reads a QR code from the camera or a photo: by the browser where it can (BarcodeDetector), else by zxing-wasm, which is
// loaded only then.

const LONGEST_SIDE = 1280;
const PAUSE = 120;

export class Scanner {
  /** `files`: {reader, wasm} addresses of zxing-wasm, or wasmScript, a script that holds the program as text: what a
   * page without a server can load. */
  constructor(files) {
    this.files = files;
    this.canvas = document.createElement("canvas");
    this.stream = null;
  }

  /** Starts the camera and gives every text it reads to `found`, which answers true to end. Rejects with a word for
   * the page: "camera-http", "camera-none", "camera-refused", "scanner-missing". */
  async start(video, found) {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error(isSecureContext ? "camera-none" : "camera-http");
    const run = {};
    this.run = run;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
      });
    } catch (error) {
      throw new Error(error.name === "NotFoundError" ? "camera-none" : "camera-refused");
    }
    // stopped while the browser was asking
    if (this.run !== run) {
      end(stream);
      return;
    }
    this.stream = stream;
    video.srcObject = stream;
    await video.play();
    this.video = video;
    const native = await nativeReader();
    if (!native) await this.loadReader();
    while (this.run === run) {
      if (video.readyState >= 2) {
        const text = native ? await native(video) : await this.readPixels(video, video.videoWidth, video.videoHeight);
        if (this.run === run && text !== null && found(text)) this.stop();
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  stop() {
    this.run = null;
    if (this.stream) end(this.stream);
    if (this.video) this.video.srcObject = null;
    this.stream = this.video = null;
  }

  /** Returns the text of the QR code in a photo, or null. Rejects with "scanner-missing". */
  async readPhoto(file) {
    let picture;
    try {
      picture = await createImageBitmap(file);
    } catch {
      return null;
    }
    const native = await nativeReader();
    const text = native ? await native(picture) : null;
    if (text !== null) return text;
    await this.loadReader();
    return this.readPixels(picture, picture.width, picture.height, 2000);
  }

  async readPixels(source, width, height, longest = LONGEST_SIDE) {
    if (!width || !height) return null;
    const scale = Math.min(1, longest / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const drawing = this.canvas.getContext("2d", { willReadFrequently: true });
    drawing.drawImage(source, 0, 0, this.canvas.width, this.canvas.height);
    const pixels = drawing.getImageData(0, 0, this.canvas.width, this.canvas.height);
    drawing.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const options = { formats: ["QRCode"], maxNumberOfSymbols: 1, tryHarder: true };
    const found = await globalThis.ZXingWASM.readBarcodes(pixels, options);
    return found.length && found[0].text ? found[0].text : null;
  }

  loadReader() {
    this.reader ??= this.load().catch(() => {
      this.reader = null;
      throw new Error("scanner-missing");
    });
    return this.reader;
  }

  async load() {
    await addScript(this.files.reader);
    const overrides = { locateFile: () => this.files.wasm };
    if (this.files.wasmScript) {
      await addScript(this.files.wasmScript);
      overrides.wasmBinary = Uint8Array.from(atob(globalThis.headstartWasm), (byte) => byte.charCodeAt(0)).buffer;
      globalThis.headstartWasm = null;
    }
    await globalThis.ZXingWASM.prepareZXingModule({ overrides, fireImmediately: true });
  }
}

/** Tells whether the browser reads QR codes by itself; if not, the page may fetch the reader while there is a network. */
export async function hasNativeReader() {
  return (await nativeReader()) !== null;
}

async function nativeReader() {
  try {
    if (!(await globalThis.BarcodeDetector.getSupportedFormats()).includes("qr_code")) return null;
    const detector = new globalThis.BarcodeDetector({ formats: ["qr_code"] });
    return async (source) => {
      try {
        return (await detector.detect(source))[0]?.rawValue || null;
      } catch {
        return null;
      }
    };
  } catch {
    return null;
  }
}

function end(stream) {
  for (const track of stream.getTracks()) track.stop();
}

function addScript(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}
