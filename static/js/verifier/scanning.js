// The camera and photos of a QR code on the page of the check, which asks the server. What was read goes into the form;
// the picture stays on the device.
import { Scanner } from "./scan.js";

const part = document.querySelector("[data-hs-scan]");
const say = (key) => part.querySelector(`[data-hs-say="${key}"]`)?.textContent ?? "";

function begin() {
  const [button, stop, video, area, message] = ["start", "stop", "video", "area", "message"].map((name) =>
    part.querySelector(`[data-hs-scan-${name}]`),
  );
  const form = document.querySelector("form[data-hs-scanned]");
  const scanner = new Scanner({ reader: part.dataset.reader, wasm: part.dataset.wasm });
  const show = (text) => {
    message.textContent = text;
    message.hidden = !text;
  };
  const close = () => {
    scanner.stop();
    area.hidden = true;
    button.hidden = false;
    show("");
  };
  const handIn = (text) => {
    if (!/#HS1:|\/verify\//.test(text)) {
      show(say("other-qr"));
      return false;
    }
    form.elements.text.value = text;
    form.submit();
    return true;
  };

  button.addEventListener("click", async () => {
    show(say("camera-starts"));
    area.hidden = false;
    button.hidden = true;
    stop.focus();
    try {
      const running = scanner.start(video, handIn);
      video.addEventListener("playing", () => show(say("scan-point")), { once: true });
      await running;
    } catch (error) {
      close();
      show(say(error.message) || say("camera-none"));
      button.focus();
    }
  });
  stop.addEventListener("click", () => {
    close();
    button.focus();
  });
  addEventListener("pagehide", close);

  const file = document.getElementById("f-file");
  file?.addEventListener("change", async () => {
    const chosen = file.files[0];
    if (!chosen?.type.startsWith("image/") || chosen.type.includes("svg")) return;
    try {
      const text = await scanner.readPhoto(chosen);
      if (text !== null) handIn(text);
      // a badge that holds its certificate has no QR code: the server reads it
      else if (chosen.type !== "image/png") show(say("no-qr"));
    } catch (error) {
      show(say(error.message));
    }
  });
  part.hidden = false;
}

if (part) begin();
