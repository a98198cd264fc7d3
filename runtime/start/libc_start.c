/* Lets a program start without linking libc itself: only the runtime does. */

typedef int (*MainFn)(int, char **, char **);
typedef void (*HookFn)(void);

extern int __libc_start_main(MainFn main, int argc, char **argv, HookFn init,
                             HookFn fini, HookFn rtld_fini, void *stack_end);

__attribute__((visibility("default"))) int
vs_libc_start(MainFn main, int argc, char **argv, HookFn init, HookFn fini,
              HookFn rtld_fini, void *stack_end);

int vs_libc_start(MainFn main, int argc, char **argv, HookFn init, HookFn fini,
                  HookFn rtld_fini, void *stack_end) {
  return __libc_start_main(main, argc, argv, init, fini, rtld_fini, stack_end);
}
