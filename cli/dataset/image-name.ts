// The names of files that are pictures.

/** Whether a name is that of a picture which Fovea can decode. */
export const IMAGE_NAME = /\.(jpe?g|png|webp|gif|bmp|tiff?|avif|hei[cf])$/i;
