// Everything a service needs. reel/testing.h, for its tests, is included on its own.
#pragma once

#include "reel/batch.h"
#include "reel/check.h"
#include "reel/context.h"
#include "reel/flow.h"
#include "reel/memory.h"
#include "reel/options.h"
#include "reel/outcome.h"
#include "reel/publisher.h"
#include "reel/query.h"
#include "reel/service.h"
#include "reel/start.h"
#include "reel/stream.h"
#include "reel/when.h"
