// The camera: a stream into the video element, frames out of it as fast as they are asked for.

export class Camera {
  readonly #video: HTMLVideoElement;
  #stream: MediaStream | undefined;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }
  get isOn(): boolean {
    return this.#stream !== undefined;
  }
  /** @throws Error with a sentence for people */
  async start(): Promise<void> {
    if (!navigator.mediaDevices)
      throw new Error("This page has no access to cameras: open it over https or on localhost.");
    const wanted = { video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false };
    this.#stream = await navigator.mediaDevices.getUserMedia(wanted).catch((cause: DOMException) => {
      throw new Error(problems[cause.name] ?? `The camera can't be used: ${cause.message}`);
    });
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }
  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#video.srcObject = null;
  }
  frame(): Promise<ImageBitmap> {
    return createImageBitmap(this.#video);
  }
}

const problems: Readonly<Record<string, string>> = {
  NotAllowedError: "The camera was not allowed. Allow it in the address bar, or choose a picture.",
  NotFoundError: "There is no camera on this device. Choose a picture instead.",
  NotReadableError: "Another program uses the camera. Close it, or choose a picture.",
};
