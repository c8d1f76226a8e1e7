// What is published of the architectures' weights. Facts only.

/**
 * Top-1 accuracy on ImageNet's validation pictures, percent, of the published weights, by the table of Keras Applications; of MobileNetV2
 * 0.35 and MobileNetV3 by the tables of their authors. It says which is stronger on photographs, and not by how much on yours.
 */
export const PUBLISHED_ACCURACY: Readonly<Record<string, number>> = {
  'mobilenet_v2_0.35': 60.3,
  mobilenet_v3_small: 67.5,
  'mobilenet_v2_1.0': 71.3,
  mobilenet: 70.4,
  efficientnet_b0: 77.1,
  efficientnet_v2_b0: 78.7,
  densenet121: 75,
  xception: 79,
  inception_v3: 77.9,
  resnet50: 74.9,
  resnet50_v2: 76,
  convnext_tiny: 81.3,
  vgg16: 71.3,
};
