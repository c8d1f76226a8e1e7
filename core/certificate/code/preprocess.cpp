// Turns decoded pixels into the input of a model, as preprocessing.json says. The standard library alone; decode pictures with what you have:
// pixels upright, in sRGB, transparency on white. Follows the data: another model needs another preprocessing.json and no other code.
// To decode as Fovea does, apply the color profile first, and then, in whole numbers, (alpha * color + (255 - alpha) * 255) / 255.
//
//   c++ -std=c++17 -O2 -ffp-contract=off -DPREPROCESS_MAIN preprocess.cpp -o preprocess
//   ./preprocess preprocessing.json photo.rgb WIDTH HEIGHT > input.f32      (bytes R G B, row by row; float32 [height, width, channels])
//
// Without PREPROCESS_MAIN, include this file and call preprocess().

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace preprocessing {

/** A value of JSON, as far as preprocessing.json needs it: texts keep their escapes. */
struct Json {
  std::string text;
  double number = 0;
  std::vector<Json> items;
  std::map<std::string, Json> fields;
  const Json& operator[](const std::string& name) const { return fields.at(name); }
  int whole(const std::string& name) const { return static_cast<int>(fields.at(name).number); }
};

class Reader {
 public:
  explicit Reader(const std::string& source) : at(source.c_str()) {}
  Json value() {
    Json json;
    if (next() == '{') {
      for (++at; next() != '}'; skip(',')) {
        std::string name = quoted();
        skip(':');
        json.fields[name] = value();
      }
      ++at;
    } else if (*at == '[') {
      for (++at; next() != ']'; skip(',')) json.items.push_back(value());
      ++at;
    } else if (*at == '"') {
      json.text = quoted();
    } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
      char* end;
      json.number = std::strtod(at, &end);
      at = end;
    } else {
      while (*at >= 'a' && *at <= 'z') json.text += *at++;
      if (json.text.empty()) throw std::runtime_error("preprocessing.json is not JSON");
    }
    return json;
  }

 private:
  const char* at;
  char next() {
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') ++at;
    return *at;
  }
  void skip(char wanted) {
    if (next() == wanted) ++at;
  }
  std::string quoted() {
    if (next() != '"') throw std::runtime_error("preprocessing.json is not JSON");
    std::string text;
    for (++at; *at != '"'; text += *at++) {
      if (*at == '\\') text += *at++;
      if (*at == '\0') throw std::runtime_error("preprocessing.json ends too early");
    }
    ++at;
    return text;
  }
};

/** [height, width, channels]. */
struct Picture {
  std::vector<uint8_t> pixels;
  int width, height, channels;
};

/** Luma in whole numbers. */
inline Picture gray(const Picture& from, const Json& step) {
  Picture to{std::vector<uint8_t>(from.pixels.size() / 3), from.width, from.height, 1};
  for (size_t i = 0; i < to.pixels.size(); i++) {
    double sum = step["add"].number;
    for (int c = 0; c < 3; c++) sum += step["weights"].items[c].number * from.pixels[3 * i + c];
    to.pixels[i] = static_cast<uint8_t>(std::floor(sum / step["divisor"].number));
  }
  return to;
}

/** The cubic kernel of Keys (1981); a = -0.5 is the Catmull-Rom spline. */
inline double cubic(double position, double a) {
  const double x = std::fabs(position);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** Scales one axis, and rounds to whole levels. The kernel widens when it shrinks; weights are in fixed point. */
inline Picture scaleAxis(const Picture& from, int scaled, bool isVertical, const Json& step) {
  const int length = isVertical ? from.height : from.width, channels = from.channels;
  const double ratio = static_cast<double>(length) / scaled;
  const double stretch = step["antialias"].text == "true" ? std::max(1.0, ratio) : 1.0;
  const int64_t one = int64_t{1} << step.whole("bits");
  Picture to{{}, isVertical ? from.width : scaled, isVertical ? scaled : from.height, channels};
  to.pixels.resize(static_cast<size_t>(to.width) * to.height * channels);
  const int lines = isVertical ? from.width : from.height;
  const int pitch = isVertical ? from.width * channels : channels;
  for (int position = 0; position < scaled; position++) {
    const double center = (position + 0.5) * ratio;
    const int first = std::max(0, static_cast<int>(center - 2 * stretch + 0.5));
    const int end = std::min(length, static_cast<int>(center + 2 * stretch + 0.5));
    std::vector<double> shares;
    double total = 0;
    for (int tap = first; tap < end; tap++) {
      shares.push_back(cubic((tap - center + 0.5) * (1 / stretch), step["a"].number));
      total += shares.back();
    }
    std::vector<int64_t> weights;
    for (double share : shares) {
      const double fixed = share / (total == 0 ? 1 : total) * static_cast<double>(one);
      weights.push_back(static_cast<int64_t>(fixed + (fixed < 0 ? -0.5 : 0.5)));
    }
    for (int line = 0; line < lines; line++) {
      const size_t source = (isVertical ? size_t(first) * from.width + line : size_t(line) * from.width + first) * channels;
      const size_t target = (isVertical ? size_t(position) * to.width + line : size_t(line) * to.width + position) * channels;
      for (int c = 0; c < channels; c++) {
        int64_t sum = one / 2;
        for (size_t i = 0; i < weights.size(); i++) sum += weights[i] * from.pixels[source + i * pitch + c];
        to.pixels[target + c] = static_cast<uint8_t>(std::clamp<int64_t>(sum >> step.whole("bits"), 0, 255));
      }
    }
  }
  return to;
}

/** Scales the whole picture. */
inline Picture resize(const Picture& from, const Json& step) {
  int width = step.whole("width"), height = step.whole("height");
  const std::string& fit = step["fit"].text;
  if (fit != "stretch") {
    const double x = static_cast<double>(width) / from.width, y = static_cast<double>(height) / from.height;
    const double ratio = fit == "cover" ? std::max(x, y) : std::min(x, y);
    const double add = step["rounding"].text == "nearest" ? 0.5 : 1e-6;
    width = std::max(1, static_cast<int>(std::floor(from.width * ratio + add)));
    height = std::max(1, static_cast<int>(std::floor(from.height * ratio + add)));
  }
  const int fewerRows = from.height - height;
  if (fewerRows > 0 && fewerRows > 2 * (from.width - width))
    return scaleAxis(scaleAxis(from, height, true, step), width, false, step);
  return scaleAxis(scaleAxis(from, width, false, step), height, true, step);
}

/** Cuts out the center; what lies beyond the picture has the color of the padding. */
inline Picture window(const Picture& from, const Json& step, bool isEnlarged) {
  const int width = step.whole("width"), height = step.whole("height"), channels = from.channels;
  const int odd = step["odd"].text == "up" && !isEnlarged ? 1 : 0;
  const int left = static_cast<int>(std::floor((from.width - width + odd) / 2.0));
  const int top = static_cast<int>(std::floor((from.height - height + odd) / 2.0));
  Picture to{{}, width, height, channels};
  for (int y = top; y < top + height; y++)
    for (int x = left; x < left + width; x++)
      for (int c = 0; c < channels; c++) {
        const bool isInside = x >= 0 && x < from.width && y >= 0 && y < from.height;
        to.pixels.push_back(isInside ? from.pixels[(size_t(y) * from.width + x) * channels + c]
                                     : static_cast<uint8_t>(step["color"].items[c].number));
      }
  return to;
}

/** (value / divisor - mean) / deviation, each step in float32, the channels in the order of the input. */
inline std::vector<float> normalize(const Picture& from, const Json& step) {
  std::vector<float> values(from.pixels.size());
  for (size_t at = 0; at < values.size(); at++) {
    const size_t channel = at % from.channels;
    const size_t source = at - channel + static_cast<size_t>(step["order"].items[channel].number);
    const float scaled = from.pixels[source] / static_cast<float>(step["divisor"].number);
    const float centered = scaled - static_cast<float>(step["mean"].items[channel].number);
    values[at] = centered / static_cast<float>(step["deviation"].items[channel].number);
  }
  return values;
}

/** The input of the network, [1, height, width, channels]. `certificate` is preprocessing.json; `rgb` is [height, width, 3]. */
inline std::vector<float> preprocess(const Json& certificate, const std::vector<uint8_t>& rgb, int width, int height) {
  if (rgb.size() != size_t(width) * height * 3) throw std::runtime_error("the bytes are not WIDTH x HEIGHT x 3");
  Picture picture{rgb, width, height, 3};
  for (const Json& step : certificate["steps"].items) {
    const std::string& name = step["step"].text;
    if (name == "gray") picture = gray(picture, step);
    if (name == "resize") picture = resize(picture, step);
    if (name == "window") picture = window(picture, step, picture.width > width || picture.height > height);
    if (name == "normalize") return normalize(picture, step);
  }
  throw std::runtime_error("the steps have no normalize");
}

}  // namespace preprocessing

#ifdef PREPROCESS_MAIN
int main(int count, char** arguments) {
  if (count != 5) {
    std::cerr << "usage: preprocess preprocessing.json picture.rgb WIDTH HEIGHT > input.f32\n";
    return 2;
  }
  const auto read = [](const char* name) {
    std::ifstream file(name, std::ios::binary);
    if (!file) throw std::runtime_error(std::string("cannot read ") + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  try {
    const std::string text = read(arguments[1]), bytes = read(arguments[2]);
    const std::vector<uint8_t> rgb(bytes.begin(), bytes.end());
    const auto certificate = preprocessing::Reader(text).value();
    const auto values = preprocessing::preprocess(certificate, rgb, std::atoi(arguments[3]), std::atoi(arguments[4]));
    std::cout.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
#endif
