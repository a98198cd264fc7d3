// Replaces a bundle's weights, and checks those that lie outside of it.
#include "runtime/core/Weights.h"

#include "runtime/core/Error.h"

#include <set>

namespace vescale::runtime {

static void checkAllNamed(const Manifest &manifest) {
  if (manifest.unnamed.empty())
    return;
  constexpr size_t maxListed = 5;
  std::string list;
  for (size_t i = 0; i < manifest.unnamed.size() && i < maxListed; ++i)
    list += cat(i ? ", '" : "'", manifest.unnamed[i], "'");
  if (manifest.unnamed.size() > maxListed)
    list += cat(" and ", manifest.unnamed.size() - maxListed, " more");
  fail(ExitCode::BadInput,
       "--checkpoint: the bundle has tensors that may hold weights, but not "
       "as parameters of the model's: ",
       list,
       "; compile the model with vescale-compile --checkpoint, and if "
       "that finds no name for them either, export it with optimize=False");
}

void takeCheckpoint(Manifest &manifest, const std::string &path, Tied tied,
                    const Say &say) {
  checkAllNamed(manifest);
  std::vector<WantedTensor> wanted;
  std::vector<Parameter *> parameters;
  for (Parameter &parameter : manifest.parameters) {
    if (!parameter.author)
      continue;
    if (!parameter.author->view)
      fail(ExitCode::BadInput, "parameter '", parameter.name,
           "' is a reshaped view that a checkpoint's tensor of shape ",
           shapeText(parameter.author->shape),
           " has no strides for; give the checkpoint to vescale-compile "
           "--checkpoint instead");
    wanted.push_back({parameter.name, parameter.dtype, parameter.author->shape,
                      parameter.author->tied});
    parameters.push_back(&parameter);
  }
  HubCheckpoint checkpoint(path);
  FoundTensors found = findTensors(checkpoint, wanted, tied);
  if (!found.remark.empty())
    say(found.remark);
  for (size_t i = 0; i < parameters.size(); ++i) {
    HubTensor &tensor = found.tensors[i];
    parameters[i]->source = {tensor.file,        tensor.entry.offset,
                             tensor.entry.bytes, *tensor.entry.dtype,
                             tensor.entry.shape, /*isAuthors=*/true};
    parameters[i]->view = *parameters[i]->author->view;
  }
}

void checkReferences(const Manifest &manifest, bool hashes, const Say &say) {
  std::set<std::string> used;
  for (const Parameter &parameter : manifest.parameters)
    used.insert(parameter.source.file);
  for (const ReferencedFile &file : manifest.files) {
    if (!used.count(file.path))
      continue;
    FileStamp stamp = stampOf(file.path);
    if (stamp == file.stamp || !hashes)
      continue;
    std::string hash = contentHash(file.path);
    if (hash != file.hash)
      fail(ExitCode::BadInput, "weights file '", file.path,
           "' has changed: the bundle was compiled with ", file.stamp.bytes,
           " bytes of hash ", file.hash, ", now it has ", stamp.bytes,
           " bytes of hash ", hash,
           "; compile the model again, or put the file back");
    say(cat("weights file '", file.path,
            "' was touched since the bundle was compiled; its content, hashed "
            "anew, is the same"));
  }
}

} // namespace vescale::runtime
