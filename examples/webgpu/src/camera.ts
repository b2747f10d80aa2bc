// The camera: a stream into the video element, frames out of it as fast as they are asked for.

export class Camera {
  readonly #video: HTMLVideoElement;
  #stream: MediaStream | undefined;
  /** of the start that is wanted; undefined: none is */
  #start: symbol | undefined;
  #isOn = false;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }
  /** It shows pictures. */
  get isOn(): boolean {
    return this.#isOn;
  }
  /** It is on, or will be as soon as somebody has allowed it. */
  get isWanted(): boolean {
    return this.#start !== undefined;
  }
  /** False: it was stopped meanwhile. @throws Error with a sentence for people */
  async start(): Promise<boolean> {
    const start = Symbol();
    this.#start = start;
    try {
      const stream = await this.#open();
      if (this.#start !== start) stopTracks(stream);
      else {
        this.#stream = stream;
        this.#video.srcObject = stream;
        await this.#video.play();
      }
    } catch (error) {
      // stopping ends what waits for the first picture
      if (this.#start !== start) return false;
      this.stop();
      throw error;
    }
    if (this.#start !== start) return false;
    this.#isOn = true;
    return true;
  }
  async #open(): Promise<MediaStream> {
    if (!navigator.mediaDevices)
      throw new Error("This page has no access to cameras: open it over https or on localhost.");
    const wanted = { video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false };
    return navigator.mediaDevices.getUserMedia(wanted).catch((cause: DOMException) => {
      throw new Error(problems[cause.name] ?? `The camera can't be used: ${cause.message}`);
    });
  }
  stop(): void {
    this.#start = undefined;
    this.#isOn = false;
    if (this.#stream) stopTracks(this.#stream);
    this.#stream = undefined;
    this.#video.srcObject = null;
  }
  frame(): Promise<ImageBitmap> {
    return createImageBitmap(this.#video);
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

const problems: Readonly<Record<string, string>> = {
  NotAllowedError: "The camera was not allowed. Allow it in the address bar, or choose a picture.",
  NotFoundError: "There is no camera on this device. Choose a picture instead.",
  NotReadableError: "Another program uses the camera. Close it, or choose a picture.",
};
