/* The processors that this process may use. */
#ifndef SMX_PROCESSORS_H
#define SMX_PROCESSORS_H

/* How many they are. Constant; 1 in a build without threads. */
unsigned smx_processors(void);

/* Lets the calling thread run on all of them: it began on those of the one that made it, which may be bound. */
void smx_processors_use_all(void);

#endif
