;; The two passes of resampling, in the fixed point of Pillow's ImagingResample: each value is the sum of pixels times weights of 22 bits
;; after the point, rounded, and cut to 0..255. So every bit is Pillow's. resample-thread.mjs makes the weights and calls the passes;
;; `npm run build:resampler` turns this text into resample-kernel.ts.
;;
;; Taps come in pairs, because one instruction multiplies and adds two. A weight has up to 24 bits with its sign, and that instruction
;; takes 16: so it is high * 2^15 + low, and each part has a sum of its own. Sums wrap around at 32 bits; the whole fits.
;;
;; A table of taps has for each output:
;;   bounds   i32 first pixel (or row), i32 number of pairs
;;   weights  for each pair i16 high of its first and second tap, i16 low of both; outputs are `weightPitch` bytes apart
;; A pair may reach one pixel beyond the last, with a weight of zero. Memory behind pixels has to be there.
(module
  (memory (export "memory") 1)

  ;; Rounds and shifts the sum of both parts: pixels as i32.
  (func $settle (param $high v128) (param $low v128) (result v128)
    (i32x4.shr_s
      (i32x4.add
        (i32x4.add (i32x4.shl (local.get $high) (i32.const 15)) (local.get $low))
        (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
      (i32.const 22)))

  ;; Scales rows of RGB to `width` pixels, two rows at a time: where their number is odd, a row more is read and written.
  ;; A target's row has to have a byte more than its pixels.
  (func (export "horizontal")
    (param $source i32) (param $sourcePitch i32) (param $rows i32)
    (param $bounds i32) (param $weights i32) (param $weightPitch i32) (param $width i32)
    (param $target i32) (param $targetPitch i32)
    (local $column i32) (local $bound i32) (local $weight i32) (local $weightEnd i32)
    (local $upper i32) (local $lower i32) (local $out i32)
    (local $highWeights v128) (local $lowWeights v128) (local $pair v128)
    (local $high0 v128) (local $low0 v128) (local $high1 v128) (local $low1 v128)
    (loop $eachTwoRows
      (local.set $column (i32.const 0))
      (local.set $bound (local.get $bounds))
      (local.set $out (local.get $target))
      (loop $eachColumn
        (local.set $upper
          (i32.add (local.get $source) (i32.mul (i32.load (local.get $bound)) (i32.const 3))))
        (local.set $lower (i32.add (local.get $upper) (local.get $sourcePitch)))
        (local.set $weight
          (i32.add (local.get $weights) (i32.mul (local.get $column) (local.get $weightPitch))))
        (local.set $weightEnd
          (i32.add (local.get $weight) (i32.shl (i32.load offset=4 (local.get $bound)) (i32.const 3))))
        (local.set $high0 (v128.const i64x2 0 0))
        (local.set $low0 (v128.const i64x2 0 0))
        (local.set $high1 (v128.const i64x2 0 0))
        (local.set $low1 (v128.const i64x2 0 0))
        (loop $eachPair
          (local.set $highWeights (v128.load32_splat (local.get $weight)))
          (local.set $lowWeights (v128.load32_splat offset=4 (local.get $weight)))
          (local.set $pair
            (i8x16.swizzle
              (v128.load64_zero (local.get $upper))
              (v128.const i8x16 0 -128 3 -128 1 -128 4 -128 2 -128 5 -128 -128 -128 -128 -128)))
          (local.set $high0
            (i32x4.add (local.get $high0) (i32x4.dot_i16x8_s (local.get $pair) (local.get $highWeights))))
          (local.set $low0
            (i32x4.add (local.get $low0) (i32x4.dot_i16x8_s (local.get $pair) (local.get $lowWeights))))
          (local.set $pair
            (i8x16.swizzle
              (v128.load64_zero (local.get $lower))
              (v128.const i8x16 0 -128 3 -128 1 -128 4 -128 2 -128 5 -128 -128 -128 -128 -128)))
          (local.set $high1
            (i32x4.add (local.get $high1) (i32x4.dot_i16x8_s (local.get $pair) (local.get $highWeights))))
          (local.set $low1
            (i32x4.add (local.get $low1) (i32x4.dot_i16x8_s (local.get $pair) (local.get $lowWeights))))
          (local.set $upper (i32.add (local.get $upper) (i32.const 6)))
          (local.set $lower (i32.add (local.get $lower) (i32.const 6)))
          (br_if $eachPair
            (i32.lt_u
              (local.tee $weight (i32.add (local.get $weight) (i32.const 8)))
              (local.get $weightEnd))))
        (local.set $pair
          (i16x8.narrow_i32x4_s
            (call $settle (local.get $high0) (local.get $low0))
            (call $settle (local.get $high1) (local.get $low1))))
        (local.set $pair (i8x16.narrow_i16x8_u (local.get $pair) (local.get $pair)))
        ;; The fourth byte is the next pixel's first, which is written later.
        (v128.store32_lane 0 (local.get $out) (local.get $pair))
        (v128.store32_lane 1 (i32.add (local.get $out) (local.get $targetPitch)) (local.get $pair))
        (local.set $out (i32.add (local.get $out) (i32.const 3)))
        (local.set $bound (i32.add (local.get $bound) (i32.const 8)))
        (br_if $eachColumn
          (i32.lt_u
            (local.tee $column (i32.add (local.get $column) (i32.const 1)))
            (local.get $width))))
      (local.set $source (i32.add (local.get $source) (i32.shl (local.get $sourcePitch) (i32.const 1))))
      (local.set $target (i32.add (local.get $target) (i32.shl (local.get $targetPitch) (i32.const 1))))
      (br_if $eachTwoRows
        (i32.gt_s (local.tee $rows (i32.sub (local.get $rows) (i32.const 2))) (i32.const 0)))))

  ;; Scales columns to `rows` rows of `rowBytes` values, 16 of them at a time: up to 15 more are read and written behind a row.
  (func (export "vertical")
    (param $source i32) (param $sourcePitch i32) (param $rowBytes i32)
    (param $bounds i32) (param $weights i32) (param $weightPitch i32) (param $rows i32)
    (param $target i32)
    (local $first i32) (local $column i32) (local $at i32) (local $weight i32) (local $weightEnd i32)
    (local $upper v128) (local $lower v128) (local $pair v128)
    (local $highWeights v128) (local $lowWeights v128)
    (local $high0 v128) (local $high1 v128) (local $high2 v128) (local $high3 v128)
    (local $low0 v128) (local $low1 v128) (local $low2 v128) (local $low3 v128)
    (loop $eachRow
      (local.set $first
        (i32.add (local.get $source) (i32.mul (i32.load (local.get $bounds)) (local.get $sourcePitch))))
      (local.set $weightEnd
        (i32.add (local.get $weights) (i32.shl (i32.load offset=4 (local.get $bounds)) (i32.const 3))))
      (local.set $column (i32.const 0))
      (loop $eachPart
        (local.set $at (i32.add (local.get $first) (local.get $column)))
        (local.set $weight (local.get $weights))
        (local.set $high0 (v128.const i64x2 0 0))
        (local.set $high1 (v128.const i64x2 0 0))
        (local.set $high2 (v128.const i64x2 0 0))
        (local.set $high3 (v128.const i64x2 0 0))
        (local.set $low0 (v128.const i64x2 0 0))
        (local.set $low1 (v128.const i64x2 0 0))
        (local.set $low2 (v128.const i64x2 0 0))
        (local.set $low3 (v128.const i64x2 0 0))
        (loop $eachPair
          (local.set $highWeights (v128.load32_splat (local.get $weight)))
          (local.set $lowWeights (v128.load32_splat offset=4 (local.get $weight)))
          (local.set $upper (v128.load (local.get $at)))
          (local.set $lower (v128.load (i32.add (local.get $at) (local.get $sourcePitch))))
          (local.set $pair
            (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $upper) (local.get $lower)))
          (local.set $lower
            (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $upper) (local.get $lower)))
          (local.set $upper (i16x8.extend_low_i8x16_u (local.get $pair)))
          (local.set $high0 (i32x4.add (local.get $high0) (i32x4.dot_i16x8_s (local.get $upper) (local.get $highWeights))))
          (local.set $low0 (i32x4.add (local.get $low0) (i32x4.dot_i16x8_s (local.get $upper) (local.get $lowWeights))))
          (local.set $upper (i16x8.extend_high_i8x16_u (local.get $pair)))
          (local.set $high1 (i32x4.add (local.get $high1) (i32x4.dot_i16x8_s (local.get $upper) (local.get $highWeights))))
          (local.set $low1 (i32x4.add (local.get $low1) (i32x4.dot_i16x8_s (local.get $upper) (local.get $lowWeights))))
          (local.set $upper (i16x8.extend_low_i8x16_u (local.get $lower)))
          (local.set $high2 (i32x4.add (local.get $high2) (i32x4.dot_i16x8_s (local.get $upper) (local.get $highWeights))))
          (local.set $low2 (i32x4.add (local.get $low2) (i32x4.dot_i16x8_s (local.get $upper) (local.get $lowWeights))))
          (local.set $upper (i16x8.extend_high_i8x16_u (local.get $lower)))
          (local.set $high3 (i32x4.add (local.get $high3) (i32x4.dot_i16x8_s (local.get $upper) (local.get $highWeights))))
          (local.set $low3 (i32x4.add (local.get $low3) (i32x4.dot_i16x8_s (local.get $upper) (local.get $lowWeights))))
          (local.set $at (i32.add (local.get $at) (i32.shl (local.get $sourcePitch) (i32.const 1))))
          (br_if $eachPair
            (i32.lt_u
              (local.tee $weight (i32.add (local.get $weight) (i32.const 8)))
              (local.get $weightEnd))))
        (v128.store
          (i32.add (local.get $target) (local.get $column))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (call $settle (local.get $high0) (local.get $low0))
              (call $settle (local.get $high1) (local.get $low1)))
            (i16x8.narrow_i32x4_s
              (call $settle (local.get $high2) (local.get $low2))
              (call $settle (local.get $high3) (local.get $low3)))))
        (br_if $eachPart
          (i32.lt_u
            (local.tee $column (i32.add (local.get $column) (i32.const 16)))
            (local.get $rowBytes))))
      (local.set $target (i32.add (local.get $target) (local.get $rowBytes)))
      (local.set $bounds (i32.add (local.get $bounds) (i32.const 8)))
      (local.set $weights (i32.add (local.get $weights) (local.get $weightPitch)))
      (br_if $eachRow
        (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))))
