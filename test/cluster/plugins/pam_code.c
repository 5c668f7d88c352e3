/* PAM module that asks for a one-time code, as sites with a second factor do. The code is in the file that is its
   argument, and does not change, so that tests know it. */
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int pam_sm_authenticate(pam_handle_t *pam, int flags, int ac, const char **av) {
  char code[32], *answer = NULL;
  FILE *file = ac == 1 ? fopen(av[0], "r") : NULL;
  int result = PAM_AUTH_ERR;

  (void)flags;
  if (file == NULL) return PAM_AUTHINFO_UNAVAIL;
  if (fgets(code, sizeof code, file) == NULL) code[0] = '\0';
  fclose(file);
  code[strcspn(code, "\n")] = '\0';
  if (pam_prompt(pam, PAM_PROMPT_ECHO_OFF, &answer, "Verification code: ") == PAM_SUCCESS && answer && *code)
    result = strcmp(answer, code) == 0 ? PAM_SUCCESS : PAM_AUTH_ERR;
  free(answer);
  return result;
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int ac, const char **av) {
  (void)pam, (void)flags, (void)ac, (void)av;
  return PAM_SUCCESS;
}
