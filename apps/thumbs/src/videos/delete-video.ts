import { deleteVideo } from "../database/videos.ts";
import { deleteThumbnails } from "../store.ts";
import { publish } from "./events.ts";
import { findUpload } from "./upload.ts";

/** Stops the upload of a video if it is going on, and forgets everything of it. False when there is no such video. */
export async function cancelAndDelete(id: string): Promise<boolean> {
  await findUpload(id)?.cancel();
  const existed = await deleteVideo(id);
  await deleteThumbnails(id);
  if (existed) publish({ type: "deleted", id });
  return existed;
}
