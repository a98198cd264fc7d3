// What this rank's threads give at best: a short matrix product, measured.
#ifndef VESCALE_RUNTIME_TRAIN_GEMMPEAK_H
#define VESCALE_RUNTIME_TRAIN_GEMMPEAK_H

namespace vescale::runtime {

/// f32 operations a second of the best of the products that fit into about
/// 60 ms, with the threads that steps use.
double measureGemmPeak();

} // namespace vescale::runtime

#endif // VESCALE_RUNTIME_TRAIN_GEMMPEAK_H
