// The commands; each returns an exit code or throws a Failure.
#ifndef VESCALE_TOOLS_VESCALE_CKPT_COMMANDS_H
#define VESCALE_TOOLS_VESCALE_CKPT_COMMANDS_H

#include "tools/vescale-ckpt/Arguments.h"

namespace vescale::ckpt {

int inspect(const Arguments &arguments);
int verify(const Arguments &arguments);
int diff(const Arguments &arguments);
int reshard(const Arguments &arguments);
int importHub(const Arguments &arguments);
int exportHub(const Arguments &arguments);

} // namespace vescale::ckpt

#endif // VESCALE_TOOLS_VESCALE_CKPT_COMMANDS_H
