//===- Register.h - What every tool of the compiler knows -------*- C++ -*-===//
#ifndef VESCALE_DRIVER_REGISTER_H
#define VESCALE_DRIVER_REGISTER_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace vescale {

/// The dialects of this project and the upstream ones its pipelines use.
void registerDialects(mlir::DialectRegistry &registry);
/// The passes of this project and MLIR's canonicalisation, CSE and symbol-DCE.
void registerPasses();

} // namespace vescale

#endif // VESCALE_DRIVER_REGISTER_H
